import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { memory, ops, optim, setThreads, tensor, tidy, type Tensor } from 'landbridge'
import { deviceNumber, native } from '../../src/engine/native.js'
import { messageOf } from '../support/message.js'
import { largestDifference, parameter, randomArray, setGrad } from './support.js'

afterAll(() => setThreads(2))

describe('a step', () => {
  test('leaves the value alone that an earlier result differentiates at', () => {
    const w = parameter([2, -3])
    const optimizer = new optim.SGD([w], { lr: 1 })
    setGrad(w, [1, 1])
    const loss = ops.sum(ops.mul(w, w))
    optimizer.step()
    optimizer.zeroGrad()
    loss.backward()
    expect([...w.dataSync()]).toEqual([1, -4])
    expect([...(w.grad?.dataSync() ?? [])]).toEqual([4, -6])
  })

  test('leaves other tensors of the same value alone', () => {
    const w = parameter([1, 2, 3, 4])
    const square = ops.reshape(w, { shape: [2, 2] })
    setGrad(w, [1, 1, 1, 1])
    new optim.SGD([w], { lr: 1 }).step()
    expect(square.toArraySync()).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect([...w.dataSync()]).toEqual([0, 1, 2, 3])
  })

  test.each([
    ['SGD', (p: Tensor[]) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
    ['Adam', (p: Tensor[]) => new optim.Adam(p)],
  ])('of %s needs no new buffers', (_, make) => {
    const parameters = [parameter(randomArray(10, 1)), parameter(randomArray(7, 2))]
    const optimizer = make(parameters)
    const train = () =>
      tidy(() => {
        optimizer.zeroGrad()
        const [a, b] = parameters as [Tensor, Tensor]
        ops.add(ops.sum(ops.mul(a, a)), ops.sum(ops.mul(b, b))).backward()
        optimizer.step()
      })
    train()
    const before = memory().liveBuffers
    for (let i = 0; i < 5; i++) train()
    expect(memory().liveBuffers).toBeLessThanOrEqual(before) // the collector may free what earlier tests left
    for (const p of parameters) setGrad(p, p.dataSync())
    const held = parameters.map((p) => p.storage)
    optimizer.step()
    expect(parameters.map((p) => p.storage)).toEqual(held)
    optimizer.zeroGrad()
    optimizer.dispose()
    for (const p of parameters) p.dispose()
  })

  test('skips parameters without a gradient', () => {
    const [a, b] = [parameter([1]), parameter([1])]
    setGrad(a, [1])
    new optim.Adam([a, b], { lr: 0.5, weightDecay: 0.1 }).step()
    expect(a.itemSync()).toBeCloseTo(0.5, 5)
    expect(b.itemSync()).toBe(1)
  })

  test('throws the failure of an earlier kernel that nobody read, and changes nothing', async () => {
    const w = parameter([1, 2], [1, 2])
    const optimizer = new optim.SGD([w], { lr: 1 })
    setGrad(w, [1, 1])
    ops.crossEntropy(w, tensor(new Int32Array([2])))
    await native.fence(deviceNumber.cpu)
    expect(messageOf(() => optimizer.step())).toBe('crossEntropy: expected classes from 0 to 1, received 2')
    expect([...w.dataSync()]).toEqual([1, 2])
  })
})

describe.each([
  ['SGD', (p: Tensor[]) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
  ['AdamW', (p: Tensor[]) => new optim.AdamW(p)],
])('%s', (_, make) => {
  const run = (threads: number) => {
    setThreads(threads)
    const parameters = [parameter(randomArray(40_000, 1)), parameter(randomArray(33, 2))]
    const optimizer = make(parameters)
    for (let step = 0; step < 3; step++) {
      parameters.forEach((p, i) => setGrad(p, randomArray(p.size, 10 * step + i)))
      optim.clipGradNorm(parameters, 1)
      optimizer.step()
    }
    return parameters.map((p) => p.dataSync())
  }
  test('goes on after a gradient that failed', async () => {
    const p = parameter([1, 2])
    const optimizer = make([p])
    p.grad = ops.crossEntropy(tensor([[1], [2]]), tensor(new Int32Array([0, 1])), { reduction: 'none' })
    await native.fence(deviceNumber.cpu)
    expect(messageOf(() => optimizer.step())).toBe('crossEntropy: expected classes from 0 to 0, received 1')
    optimizer.step() // told already; the gradient is still no value
    expect([...p.dataSync()]).toEqual([1, 2])
    setGrad(p, [1, 1])
    optimizer.step()
    expect(p.dataSync()[0]).toBeLessThan(1)
  })

  test('gives the same bits on one thread and on two', () => {
    expect(run(1)).toEqual(run(2))
  })

  test('continues from a state as if it had never stopped', () => {
    const starts = [randomArray(12, 3), randomArray(5, 4)]
    const train = (optimizer: optim.Optimizer<never> | ReturnType<typeof make>, parameters: Tensor[], from: number) => {
      for (let step = from; step < from + 3; step++) {
        parameters.forEach((p, i) => setGrad(p, randomArray(p.size, 10 * step + i)))
        optimizer.step()
      }
    }
    const whole = starts.map((start) => parameter(start))
    const first = make(whole)
    train(first, whole, 0)
    const state = first.stateDict()
    const copies = whole.map((p) => parameter(p.dataSync()))
    train(first, whole, 3)
    const second = make(copies)
    second.loadStateDict({ tensors: state.tensors, meta: JSON.parse(JSON.stringify(state.meta)) as typeof state.meta })
    train(second, copies, 3)
    copies.forEach((p, i) => expect(p.dataSync()).toEqual(whole[i]?.dataSync()))
  })
})

describe('groups', () => {
  test('have their own options, which may change', () => {
    const [a, b] = [parameter([1]), parameter([1])]
    const optimizer = new optim.SGD([{ parameters: [a], lr: 1 }, { parameters: [b] }], { lr: 0.25 })
    expect(optimizer.groups.map((group) => group.lr)).toEqual([1, 0.25])
    for (const p of [a, b]) setGrad(p, [1])
    optimizer.step()
    expect([a.itemSync(), b.itemSync()]).toEqual([0, 0.75])
    for (const group of optimizer.groups) group.lr = 0.5
    optimizer.step()
    expect([a.itemSync(), b.itemSync()]).toEqual([-0.5, 0.25])
  })

  test('come back from a state with their options', () => {
    const make = () => new optim.AdamW([{ parameters: [parameter([1])], lr: 1 }, { parameters: [parameter([1])] }])
    const saved = make()
    ;(saved.groups[1] as { lr: number }).lr = 0.125
    const fresh = make()
    fresh.loadStateDict(saved.stateDict())
    expect(fresh.groups.map((group) => group.lr)).toEqual([1, 0.125])
  })
})

describe('clipGradNorm', () => {
  const gradients = [randomArray(20_000, 1), randomArray(30_001, 2), randomArray(3, 3)]
  const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, v) => s + v * v, 0), 0))
  let parameters: Tensor[]
  beforeEach(() => {
    parameters = gradients.map((g) => parameter(g.map(() => 0)))
    parameters.forEach((p, i) => setGrad(p, gradients[i] as Float32Array))
  })

  test('scales to the largest norm', () => {
    const before = memory().liveBuffers
    const received = optim.clipGradNorm([...parameters, parameter([1])], 3)
    expect(memory().liveBuffers).toBeLessThanOrEqual(before + 2) // the norm, and the parameter made here
    expect(received.itemSync()).toBeCloseTo(norm, 3)
    parameters.forEach((p, i) => {
      const expected = Float64Array.from(gradients[i] as Float32Array, (v) => (v * 3) / (norm + 1e-6))
      expect(largestDifference(p.grad?.dataSync() ?? [], expected)).toBeLessThan(1e-8)
    })
  })

  test('leaves small gradients alone', () => {
    optim.clipGradNorm(parameters, 1e6)
    parameters.forEach((p, i) => expect(p.grad?.dataSync()).toEqual(gradients[i]))
  })

  test('sums over more tensors than fit in one call', () => {
    const many = Array.from({ length: 1100 }, () => parameter([0]))
    for (const p of many) setGrad(p, [2])
    expect(optim.clipGradNorm(many, 1).itemSync()).toBeCloseTo(2 * Math.sqrt(1100), 4)
    expect(many.at(-1)?.grad?.itemSync()).toBeCloseTo(1 / Math.sqrt(1100), 6)
  })

  test('is 0 without gradients', () => {
    expect(optim.clipGradNorm([parameter([1])], 1).itemSync()).toBe(0)
  })

  test('passes NaN on', () => {
    setGrad(parameters[2] as Tensor, [1, NaN, 2])
    expect(optim.clipGradNorm(parameters, 1).itemSync()).toBeNaN()
    expect(parameters[0]?.grad?.dataSync()[0]).toBeNaN()
  })
})

describe('mistakes', () => {
  const w = parameter([1, 2])
  test.each<[string, () => unknown, string]>([
    [
      'lr NaN',
      () => new optim.SGD([w], { lr: NaN }),
      'SGD: expected a finite number of at least 0 as lr, received NaN',
    ],
    [
      'lr negative',
      () => new optim.Adam([w], { lr: -1 }),
      'Adam: expected a finite number of at least 0 as lr, received -1',
    ],
    ['no parameters', () => new optim.AdamW([]), 'AdamW: expected at least one parameter, received none'],
    [
      'a tensor for the list',
      () => new optim.Adam(w as never),
      'Adam: expected an iterable of tensors, received Tensor(float32 [2] cpu requiresGrad)',
    ],
    [
      'a parameter twice',
      () => new optim.Adam([{ parameters: [w] }, { parameters: [w] }]),
      'Adam: expected each parameter once, received Tensor(float32 [2] cpu requiresGrad) twice',
    ],
    [
      'integers',
      () => new optim.Adam([tensor(new Int32Array(2))]),
      'Adam: expected parameters of dtype float32, received int32',
    ],
    [
      'the result of an op',
      () => new optim.Adam([ops.mul(w, 2)]),
      'Adam: expected parameters that no op made, received Tensor(float32 [2] cpu requiresGrad)',
    ],
    [
      'an unknown option',
      () => new optim.Adam([w], { learningRate: 1 } as never),
      'Adam: expected options among lr, betas, epsilon, weightDecay, received "learningRate"',
    ],
    [
      'a beta of 1',
      () => new optim.Adam([w], { betas: [1, 0.9] }),
      'Adam: expected two numbers in [0, 1) as betas, received [1, 0.9]',
    ],
    [
      'nesterov alone',
      () => new optim.SGD([w], { lr: 1, nesterov: true }),
      'SGD: expected a momentum above 0 and no dampening with nesterov, received momentum 0, dampening 0',
    ],
    [
      'a state of another kind',
      () => new optim.Adam([w]).loadStateDict(new optim.AdamW([w]).stateDict()),
      'Adam.loadStateDict: expected a state of Adam, received one of AdamW',
    ],
    [
      'a state of other groups',
      () => new optim.Adam([w]).loadStateDict(new optim.Adam([w, parameter([1])]).stateDict()),
      'Adam.loadStateDict: expected groups of 1 parameters, received groups of 2 parameters',
    ],
    [
      'a negative norm',
      () => optim.clipGradNorm([w], -1),
      'clipGradNorm: expected a number of at least 0 as maxNorm, received -1',
    ],
  ])('%s', (_, run, message) => {
    expect(messageOf(run)).toBe(message)
  })

  test('a rate that became NaN later', () => {
    const optimizer = new optim.SGD([parameter([1])], { lr: 1 })
    ;(optimizer.groups[0] as { lr: number }).lr = NaN
    expect(messageOf(() => optimizer.step())).toBe('SGD: expected a finite number of at least 0 as lr, received NaN')
  })

  test('a gradient of another shape', () => {
    const p = parameter([1, 2])
    p.grad = tensor([1, 2, 3])
    expect(messageOf(() => new optim.SGD([p], { lr: 1 }).step())).toBe(
      'SGD: expected a float32 gradient of shape [2], received Tensor(float32 [3] cpu)',
    )
  })

  test('a state of other shapes', () => {
    const [p, q] = [parameter([1, 2]), parameter([1])]
    const optimizer = new optim.SGD([p], { lr: 1, momentum: 0.9 })
    setGrad(p, [1, 1])
    optimizer.step()
    const state = optimizer.stateDict()
    expect(messageOf(() => new optim.SGD([q], { lr: 1, momentum: 0.9 }).loadStateDict(state))).toBe(
      'SGD.loadStateDict: expected float32 of shape [1] for parameter 0, received Tensor(float32 [2] cpu)',
    )
  })
})
