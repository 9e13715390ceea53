/** Tensors, modules and optimisers on a device other than the CPU: the emulated one, which every machine has. */
import {
  arange,
  DeviceError,
  devices,
  eye,
  full,
  grad,
  io,
  manualSeed,
  memory,
  nn,
  ones,
  ops,
  optim,
  rand,
  randint,
  randn,
  randperm,
  ready,
  tensor,
  tidy,
  zeros,
  type Device,
  type Tensor,
} from 'landbridge'
import { describe, expect, it } from 'vitest'
import { CUDA, emulated, expectClose, expectSame } from '../support/cuda.js'
import { messageOf } from '../support/message.js'

const values = (x: Tensor | undefined): number[] => [...(x?.dataSync() ?? [])]

it.skipIf(devices().some(({ device, available }) => device === 'cuda' && available))(
  'says why there is no CUDA wherever it is asked for',
  () => {
    const calls: Record<string, () => unknown> = {
      tensor: () => tensor([1], { device: 'cuda' }),
      zeros: () => zeros([1], { device: 'cuda' }),
      rand: () => rand([1], { device: 'cuda' }),
      to: () => tensor([1]).to('cuda'),
      Linear: () => new nn.Linear(2, 2, { device: 'cuda' }),
      LSTM: () => new nn.LSTM({ in: 1, hidden: 1, device: 'cuda' }),
    }
    for (const [op, run] of Object.entries(calls)) {
      expect(messageOf(run)).toMatch(new RegExp(`^${op}: expected a device that is there, received cuda: .+`))
      expect(run).toThrow(DeviceError)
    }
  },
)

describe.skipIf(!emulated)('a tensor', () => {
  it('is listed where it can be', () => {
    expect(devices().find(({ device }) => device === CUDA)?.available).toBe(true)
  })

  it('is made there by every creation function', () => {
    const device = CUDA
    const made = {
      tensor: tensor([[1, 2]], { device }),
      zeros: zeros([2], { device }),
      ones: ones([2], { device, dtype: 'int32' }),
      full: full([2], 3, { device }),
      arange: arange(3, undefined, { device }),
      eye: eye(2, { device }),
    }
    const found = Object.fromEntries(Object.entries(made).map(([name, x]) => [name, [x.device, ...values(x)]]))
    expect(found).toEqual({
      tensor: [CUDA, 1, 2],
      zeros: [CUDA, 0, 0],
      ones: [CUDA, 1, 1],
      full: [CUDA, 3, 3],
      arange: [CUDA, 0, 1, 2],
      eye: [CUDA, 1, 0, 0, 1],
    })
  })

  it('is drawn from the same random numbers as on the CPU', () => {
    const draws: Record<string, (device: Device) => Tensor> = {
      rand: (device) => rand([7, 31], { device }),
      randint: (device) => randint(-5, 1000, [129], { device }),
      randperm: (device) => randperm(101, { device }),
      dropout: (device) => ones([300], { device }).dropout({ p: 0.3 }),
    }
    for (const draw of Object.values(draws)) {
      const [a, b] = (['cpu', CUDA] as const).map((device) => {
        manualSeed(11)
        draw(device).dispose() // the next numbers too
        return values(draw(device))
      })
      expect(b).toEqual(a)
    }
    expectSame((device) => {
      manualSeed(12)
      return [randn([1000], { device, mean: 1, std: 3 }), rand([99], { device, low: -1, high: 2 })]
    }, 1e-6)
  })

  it.each(['float32', 'int32', 'uint8', 'bool'] as const)('moves there and back as %s', (dtype) => {
    const x = tensor([0, 1, 1, 0], { dtype, shape: [2, 2] })
    const there = x.to(CUDA)
    const back = there.to('cpu')
    expect([there.device, there.dtype, there.shape, back.device]).toEqual([CUDA, dtype, [2, 2], 'cpu'])
    expect([values(there), values(back)]).toEqual([values(x), values(x)])
  })

  it('shares memory where it is already', () => {
    const x = tensor([1, 2], { device: CUDA })
    const before = memory(CUDA).liveBuffers
    const same = x.to(CUDA)
    expect(memory(CUDA).liveBuffers).toBe(before)
    x.dispose()
    expect(values(same)).toEqual([1, 2])
  })

  it('sends its gradient back to the device that it came from', () => {
    const x = tensor([1, 2, 3], { requiresGrad: true })
    x.to(CUDA)
      .square()
      .to('cpu')
      .mul(tensor([1, 10, 100]))
      .sum()
      .backward()
    expect([x.grad?.device, ...values(x.grad)]).toEqual(['cpu', 2, 40, 600])
    const y = tensor([2], { device: CUDA, requiresGrad: true })
    y.to('cpu').square().add(y.to(CUDA).sum().to('cpu')).sum().backward()
    expect([y.grad?.device, ...values(y.grad)]).toEqual([CUDA, 5])
  })

  it('can be differentiated twice through a move', () => {
    const x = tensor([2, 3], { requiresGrad: true })
    const [first] = grad(x.to(CUDA).square().mul(x.to(CUDA)).sum(), [x], { createGraph: true })
    const [second] = grad(first!.sum(), [x])
    expect([second?.device, ...values(first), ...values(second)]).toEqual(['cpu', 12, 27, 12, 18])
  })

  it('takes numbers beside it as scalars of its device', () => {
    const x = tensor([1, 2], { device: CUDA })
    expect(values(ops.sub(1, x).mul(2).maximum(-1))).toEqual([0, -1])
    expect(values(ops.where(x.greater(1), 5, 6))).toEqual([6, 5])
  })

  it.each([
    ['add', (a: Tensor, b: Tensor) => a.add(b)],
    ['matmul', (a: Tensor, b: Tensor) => a.matmul(b)],
    ['linear', (a: Tensor, b: Tensor) => ops.linear(b, a)],
    ['concat', (a: Tensor, b: Tensor) => ops.concat([a, b])],
    ['mseLoss', (a: Tensor, b: Tensor) => ops.mseLoss(a, b)],
    ['mmd', (a: Tensor, b: Tensor) => ops.mmd(a, b)],
  ])('and one elsewhere are refused by %s, which names both devices', (op, run) => {
    const [a, b] = [eye(2), eye(2, { device: CUDA })]
    expect(() => run(a, b)).toThrow(DeviceError)
    expect(messageOf(() => run(a, b))).toMatch(
      new RegExp(`^${op}: expected all tensors on one device, received (cpu and ${CUDA}|${CUDA} and cpu) \\(.+\\)$`),
    )
  })

  it('refuses a gradient from elsewhere', () => {
    const x = tensor([1, 2], { device: CUDA, requiresGrad: true })
    expect(messageOf(() => x.mul(2).backward({ gradient: ones([2]) }))).toBe(
      `backward: expected a gradient on ${CUDA}, received cpu`,
    )
  })

  it('is waited for on its own device', async () => {
    for (let i = 0; i < 4; i++) {
      tidy(() => void ones([8], { device: CUDA }).add(1))
      await ready(CUDA)
    }
    expect(await tensor([3], { device: CUDA }).item()).toBe(3)
  })

  it('comes out of a file where it is wanted', () => {
    const bytes = Buffer.alloc(8 + 64 + 8)
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } })
    bytes.writeBigUInt64LE(64n)
    bytes.write(header.padEnd(64), 8)
    bytes.set(new Uint8Array(new Float32Array([1, 2]).buffer), 72)
    const { w } = io.parseSafetensors(bytes, { device: CUDA }).tensors
    expect([w?.device, ...values(w)]).toEqual([CUDA, 1, 2])
  })
})

const layers: Record<string, { make: (device?: Device) => nn.Module; shape: number[] }> = {
  Linear: { make: (device) => new nn.Linear(3, 4, { activation: 'relu', device }), shape: [5, 3] },
  Conv2d: { make: (device) => new nn.Conv2d({ in: 2, out: 3, kernel: 3, device }), shape: [1, 5, 6, 2] },
  BatchNorm: { make: (device) => new nn.BatchNorm(3, { device }), shape: [6, 3] },
  LayerNorm: { make: (device) => new nn.LayerNorm(3, { device }), shape: [4, 3] },
  LSTM: { make: (device) => new nn.LSTM({ in: 2, hidden: 3, returns: 'last', device }), shape: [2, 4, 2] },
  GRU: {
    make: (device) => new nn.GRU({ in: 2, hidden: 3, layers: 2, bidirectional: true, returns: 'last', device }),
    shape: [2, 4, 2],
  },
}

describe.skipIf(!emulated)('a module', () => {
  it.each(Object.entries(layers))('%s moves, or is made there, and computes as on the CPU', (_, { make, shape }) => {
    const placed = [(d: Device) => make().to(d), (d: Device) => make(d)]
    for (const place of placed) {
      expectSame((device) => {
        manualSeed(21)
        const module = place(device)
        const x = randn(shape).to(device)
        module.call(x).square().sum().backward()
        const gradients = module.parameters().map(({ grad }) => grad!)
        return [...module.parameters(), ...module.buffers(), ...gradients, module.eval().call(x)]
      }, 2e-5)
    }
  })

  it('looks up embeddings there', () => {
    expectSame((device) => {
      manualSeed(22)
      const module = new nn.Embedding(5, 3, { device })
      const y = module.call(tensor([[0, 4, 4]], { dtype: 'int32', device }))
      y.sum().backward()
      return [y, module.weight.grad!]
    })
  })

  it('takes parameters, buffers and gradients along, as the same tensors', () => {
    const module = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm(3))
    module
      .call(ones([4, 2]))
      .sum()
      .backward()
    const before = [...module.parameters(), ...module.buffers()]
    expect(module.to(CUDA)).toBe(module)
    expect([...module.parameters(), ...module.buffers()]).toEqual(before)
    const all = [...before, ...module.parameters().map(({ grad }) => grad!)]
    expect(new Set(all.map(({ device }) => device))).toEqual(new Set([CUDA]))
    expect(module.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true)
  })

  it('stays whole when the device is not there', () => {
    const module = new nn.Linear(2, 2)
    expect(() => module.to('tpu' as Device)).toThrow('to: expected a device among cpu, cuda, cuda-emulated')
    expect(module.weight.device).toBe('cpu')
  })

  it('folds its norms anew after a move', () => {
    manualSeed(23)
    const module = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm(3)).eval().freeze()
    const x = randn([4, 2])
    const before = module.call(x)
    module.to(CUDA)
    const after = module.call(x.to(CUDA))
    expect(after.device).toBe(CUDA)
    expectClose(values(after), values(before), 1e-6)
  })

  it('loads a state from another device, and stays where it is', () => {
    const [a, b] = [new nn.Linear(2, 2), new nn.Linear(2, 2, { device: CUDA })]
    b.loadStateDict(a.stateDict())
    expect([b.weight.device, ...values(b.weight)]).toEqual([CUDA, ...values(a.weight)])
    a.weight.dispose()
    expect(values(b.weight)).toHaveLength(4)
  })

  it('goes on from a recurrent state on its device, and refuses one from elsewhere', () => {
    const module = new nn.LSTM({ in: 1, hidden: 2, device: CUDA })
    const x = ones([1, 3, 1], { device: CUDA })
    const { state } = module.call(x)
    expect([state.h.device, module.call(x, state).output.device]).toEqual([CUDA, CUDA])
    expect(() => module.call(x, { h: state.h.to('cpu'), c: state.c.to('cpu') })).toThrow(DeviceError)
  })
})

/** A module of tensors that already exist. */
class Holder extends nn.Module {
  constructor(readonly held: readonly Tensor[]) {
    super()
  }
  override forward(x: Tensor): Tensor {
    return x
  }
}

const optimizers: Record<string, (parameters: Tensor[]) => optim.SGD | optim.Adam> = {
  SGD: (parameters) => new optim.SGD(parameters, { lr: 0.1, momentum: 0.9, nesterov: true }),
  Adam: (parameters) => new optim.Adam(parameters, { lr: 0.1 }),
  AdamW: (parameters) => new optim.AdamW(parameters, { lr: 0.1 }),
}

describe.skipIf(!emulated).each(Object.entries(optimizers))('%s', (_, make) => {
  const start = () => [tensor([1, -2, 3], { requiresGrad: true }), tensor([[0.5]], { requiresGrad: true })]
  const step = (optimizer: { step(): void; zeroGrad(): void }, [a, b]: Tensor[]) => {
    optimizer.zeroGrad()
    a!.square().sum().mul(b!).sum().backward()
    optimizer.step()
  }

  it('follows its parameters when they move between steps', () => {
    const run = (devices: readonly Device[]) => {
      const parameters = start()
      const holder = new Holder(parameters)
      const optimizer = make(parameters)
      for (const device of devices) {
        holder.to(device)
        step(optimizer, parameters)
      }
      const { tensors } = optimizer.stateDict()
      const kept = Object.values(tensors)
      expect(new Set([...parameters, ...kept].map((x) => x.device))).toEqual(new Set([devices.at(-1)]))
      return [...parameters, ...kept].flatMap((x) => values(x))
    }
    const expected = run(['cpu', 'cpu', 'cpu', 'cpu'])
    for (const path of [
      [CUDA, CUDA, CUDA, CUDA],
      ['cpu', 'cpu', CUDA, CUDA],
      [CUDA, 'cpu', CUDA, 'cpu'],
    ] as const) {
      expectClose(run(path), expected, 1e-6)
    }
  })

  it('goes on from a state that was kept on the CPU', () => {
    const [a, b] = [
      start(),
      start().map((x) => tensor(x.dataSync(), { shape: x.shape, device: CUDA, requiresGrad: true })),
    ]
    const [first, second] = [make(a), make(b)]
    step(first, a)
    step(second, b)
    second.loadStateDict(first.stateDict())
    step(first, a)
    step(second, b)
    expectClose(b.flatMap(values), a.flatMap(values), 1e-6)
  })

  it('refuses a gradient that its parameter left behind', () => {
    const [parameter] = start()
    const optimizer = make([parameter!])
    const loss = parameter!.square().sum()
    new Holder([parameter!]).to(CUDA)
    loss.backward()
    expect(messageOf(() => optimizer.step())).toMatch(
      new RegExp(`expected a gradient on ${CUDA}, where its parameter is, received cpu$`),
    )
  })

  it('clips gradients there', () => {
    expectSame((device) => {
      const parameters = start().map((x) => x.to(device))
      const leaves = parameters.map((x) => tensor(x.dataSync(), { shape: x.shape, device, requiresGrad: true }))
      leaves[0]!.mul(100).sum().add(leaves[1]!.sum()).backward()
      return [optim.clipGradNorm(leaves, 1), ...leaves.map(({ grad }) => grad!)]
    })
  })
})
