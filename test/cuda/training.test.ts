/** Training on the emulated device: the same numbers as on the CPU, within rounding. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  io,
  manualSeed,
  nn,
  ops,
  optim,
  randint,
  randn,
  tensor,
  tidy,
  transfer,
  type Device,
  type Tensor,
} from 'landbridge'
import { afterAll, describe, expect, it } from 'vitest'
import { loadDevice, emulation } from '../support/device.js'
import { CUDA, emulated, expectClose, expectSame } from '../support/cuda.js'
import { bitsOf, mse, network, rows } from '../support/fit.js'

const { align, fit, predict, tune } = transfer
const folder = mkdtempSync(join(tmpdir(), 'landbridge-cuda-'))
afterAll(() => rmSync(folder, { recursive: true }))
if (emulated) loadDevice() // with the kernel that counts graphs

type Make = (parameters: Tensor[]) => { step(): void; zeroGrad(): void }

/** A few steps of `module` on one batch; the losses and the state after them. */
function train(module: nn.Module, loss: (y: Tensor) => Tensor, x: Tensor, make: Make, steps = 5): Tensor[] {
  const optimizer = make(module.parameters())
  const losses = Array.from({ length: steps }, () =>
    tidy(() => {
      const value = loss(module.call(x))
      optimizer.zeroGrad()
      value.backward()
      optim.clipGradNorm(module.parameters(), 1)
      optimizer.step()
      return value
    }),
  )
  return [...losses, ...Object.values(module.stateDict())]
}

const adam: Make = (parameters) => new optim.Adam(parameters, { lr: 0.01 })
const sgd: Make = (parameters) => new optim.SGD(parameters, { lr: 0.05, momentum: 0.9 })

describe.skipIf(!emulated)('a loop of one own', () => {
  it('trains a perceptron with dropout', () => {
    expectSame((device) => {
      manualSeed(1)
      const [x, y] = [randn([16, 5]).to(device), randn([16, 2]).to(device)]
      const hidden = new nn.Linear(5, 8, { activation: 'relu' })
      const module = new nn.Sequential(hidden, new nn.LayerNorm(8), new nn.Dropout(0.25), new nn.Linear(8, 2))
      return train(module.to(device), (output) => ops.mseLoss(output, y), x, adam)
    }, 1e-4)
  })

  it('trains a convolutional classifier with batch norm', () => {
    expectSame((device) => {
      manualSeed(2)
      const x = randn([4, 6, 6, 2]).to(device)
      const labels = randint(0, 3, [4]).to(device)
      const module = new nn.Sequential(
        new nn.Conv2d({ in: 2, out: 4, kernel: 3, padding: 1 }),
        new nn.BatchNorm(4),
        ops.relu,
        (each) => ops.maxPool2d(each, { kernel: 2 }),
        new nn.Flatten(),
        new nn.Linear(36, 3),
      )
      return train(module.to(device), (output) => ops.crossEntropy(output, labels), x, sgd)
    }, 1e-4)
  })

  it('trains a recurrent forecaster', () => {
    expectSame((device) => {
      manualSeed(3)
      const [x, y] = [randn([4, 5, 2]).to(device), randn([4, 1]).to(device)]
      const module = new nn.Sequential(new nn.GRU({ in: 2, hidden: 4, returns: 'last' }), new nn.Linear(4, 1))
      return train(module.to(device), (output) => ops.huberLoss(output, y), x, adam)
    }, 1e-4)
  })
})

const [source, validation, target] = [rows(64, 1), rows(32, 2, { shift: 0.5 }), rows(48, 3, { shift: 1 })]
const common = () => ({
  model: network(),
  loss: mse,
  optimizer: (parameters: readonly Tensor[]) => new optim.Adam(parameters, { lr: 0.03 }),
  epochs: 3,
  batchSize: 16,
  seed: 4,
})

/** An alignment with a parameter and a buffer of its own. */
function learned(): transfer.Alignment & { norm: nn.BatchNorm } {
  const norm = new nn.BatchNorm(8)
  return {
    norm,
    parameters: () => norm.parameters(),
    loss: ({ source: a, target: b }) =>
      norm
        .call(a.features)
        .mean({ axis: 0 })
        .sub(norm.call(b.features).mean({ axis: 0 }))
        .square()
        .sum(),
    to: (device) => void norm.to(device),
  }
}

const setups: Record<string, () => transfer.FitOptions> = {
  'source-only': () => ({ ...common(), source, validation }),
  mmd: () => ({ ...common(), source, validation, target: { x: target.x }, method: align.mmd() }),
  coral: () => ({ ...common(), source, validation, target: { x: target.x }, method: align.coral(), clipNorm: 1 }),
  'an alignment that learns': () => ({ ...common(), source, target: { x: target.x }, method: learned() }),
  finetune: () => ({
    ...common(),
    source,
    sourceValidation: validation,
    target,
    validation,
    method: tune.finetune({ anchor: 0.1, rateFactor: 1 }),
  }),
  frozen: () => ({ ...common(), target, method: tune.frozen() }),
}

const flat = (model: transfer.Model): number[] => Object.values(bitsOf(model)).flat()

describe.skipIf(!emulated)('fit', () => {
  it.each(Object.entries(setups))('%s learns on a device what it learns on the CPU', async (_, setup) => {
    const results = []
    for (const device of ['cpu', CUDA] as const) {
      manualSeed(5)
      const options = setup()
      results.push({ ...(await fit({ ...options, device })), model: options.model })
    }
    const [onCpu, onDevice] = results
    expect([onCpu?.device, onDevice?.device, onDevice?.precision]).toEqual(['cpu', CUDA, 'float32'])
    expectClose(flat(onDevice!.model), flat(onCpu!.model), 1e-3)
    const losses = (result: typeof onCpu) => result!.history.flatMap((each) => [each.trainLoss, each.alignmentLoss])
    expectClose(losses(onDevice), losses(onCpu), 1e-3)
    const [there, here] = [await predict(onDevice!.model, target.x), await predict(onCpu!.model, target.x.to(CUDA))]
    expectClose(there, here, 1e-3)
    for (const part of [onDevice!.model.features, onDevice!.model.head]) {
      expect(part.parameters().every((parameter) => parameter.device === CUDA)).toBe(true)
    }
  })

  it('stays where the model is, and takes rows from anywhere', async () => {
    const learn = async (x: transfer.Rows, y: transfer.Rows) => {
      manualSeed(6)
      const options = common()
      options.model.features.to(CUDA)
      options.model.head.to(CUDA)
      const { device } = await fit({ ...options, source: { x, y } })
      return { device, bits: flat(options.model) }
    }
    const asked = new Set<Device>()
    const made = (of: Tensor): transfer.Rows => ({
      count: of.shape[0]!,
      rows: (indices, device) => {
        asked.add(device)
        return of.gather(tensor(indices))
      },
    })
    const { x, y } = source
    const results = [await learn(x, y), await learn(x.to(CUDA), y.to(CUDA)), await learn(made(x), made(y))]
    expect(results.map(({ device }) => device)).toEqual([CUDA, CUDA, CUDA])
    expect(results.map(({ bits }) => bits)).toEqual(results.map(() => results[0]!.bits))
    expect([...asked]).toEqual([CUDA])
  })

  it('learns at a lower precision with float32 weights, and says so', async () => {
    manualSeed(7)
    const options = { ...common(), source, validation, device: CUDA, epochs: 8 } as const
    const { precision, history } = await fit({ ...options, precision: 'bfloat16' })
    expect(precision).toBe('bfloat16')
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0]!.trainLoss / 2)
    expect(options.model.head.parameters().map(({ dtype }) => dtype)).toEqual(['float32', 'float32'])
  })

  it('launches each step as one graph', async () => {
    const before = emulation('graph launches')
    await fit({ ...common(), source, device: CUDA })
    expect(emulation('graph launches') - before).toBe((3 * 64) / 16)
  })

  it('refuses devices and precisions that are none', async () => {
    const options = { ...common(), source }
    await expect(fit({ ...options, device: 'tpu' as Device })).rejects.toThrow('fit: expected a device among')
    await expect(fit({ ...options, precision: 'fp8' as 'tf32' })).rejects.toThrow(
      "fit: expected 'float32', 'tf32', 'bfloat16' as precision, received \"fp8\"",
    )
  })
})

describe.skipIf(!emulated)('a checkpoint', () => {
  async function run(path: string | undefined, legs: readonly { device: Device; until: number }[]) {
    let model: transfer.Model | undefined
    for (const { device, until } of legs) {
      manualSeed(8)
      const options = setups.mmd!()
      const abort = new AbortController()
      const onEpoch = ({ epoch }: transfer.EpochReport) => {
        if (epoch >= until) abort.abort(new Error('stopped'))
      }
      model = options.model
      const stopped =
        until < 3
          ? await fit({ ...options, device, checkpoint: path, signal: abort.signal, onEpoch }).then(
              () => false,
              () => true,
            )
          : false
      if (!stopped) await fit({ ...options, device, checkpoint: path })
    }
    return flat(model!)
  }
  const path = (name: string) => join(folder, `${name}.safetensors`)

  it('resumes on its device bit for bit', async () => {
    const straight = await run(undefined, [{ device: CUDA, until: 3 }])
    const resumed = await run(path('same'), [
      { device: CUDA, until: 1 },
      { device: CUDA, until: 3 },
    ])
    expect(existsSync(path('same'))).toBe(true)
    expect(resumed).toEqual(straight)
  })

  it('resumes on another device', async () => {
    const straight = await run(undefined, [{ device: 'cpu', until: 3 }])
    for (const [from, to] of [
      ['cpu', CUDA],
      [CUDA, 'cpu'],
    ] as const) {
      const resumed = await run(path(`from-${from}`), [
        { device: from, until: 1 },
        { device: to, until: 3 },
      ])
      expectClose(resumed, straight, 1e-3)
    }
  })

  it('holds module and optimiser, and goes back into ones that are elsewhere', async () => {
    const make = (device: Device) => {
      const model = new nn.Linear(3, 2, { device })
      const optimizer = new optim.Adam(model.parameters())
      model
        .call(tensor([[1, 2, 3]], { device }))
        .square()
        .sum()
        .backward()
      optimizer.step()
      return { model, optimizer }
    }
    manualSeed(9)
    const [saved, other] = [make(CUDA), make('cpu')]
    await io.saveCheckpoint(path('parts'), { ...saved, step: 1 })
    await io.loadCheckpoint(path('parts'), other)
    const { tensors } = other.optimizer.stateDict()
    const all = [...other.model.parameters(), ...Object.values(tensors)]
    expect(all.map(({ device }) => device)).toEqual(all.map(() => 'cpu'))
    const original = [...saved.model.parameters(), ...Object.values(saved.optimizer.stateDict().tensors)]
    expect(all.map((x) => [...x.dataSync()])).toEqual(original.map((x) => [...x.dataSync()]))
  })
})
