import { beforeEach, describe, expect, test } from 'vitest'
import { manualSeed, memory, nn, noGrad, ops, optim, rand, randn, tensor, tidy, type Tensor } from 'landbridge'
import { nd, ndIndex, ndOf } from 'landbridge/testing'
import { collectGarbage } from '../support/gc.js'
import { convolve } from '../support/convolution.js'
import { conv, expectNear, expectSame, norm, kernelsOf, unfolded, variable } from './support.js'

beforeEach(() => manualSeed(5))

const image = () => randn([2, 6, 5, 3])
const series = () => randn([2, 9, 3])
const rows = () => randn([7, 3])
const { Sequential } = nn
const conv1d = () => new nn.Conv1d({ in: 3, out: 4, kernel: 3, dilation: 2, padding: 'same' })
const grouped = () => new nn.Conv2d({ in: 3, out: 6, kernel: [3, 1], groups: 3, dilation: 2, winograd: false })

const runs: [string, () => nn.Sequential, () => Tensor, unfolded: string[]][] = [
  ['Conv2d, BatchNorm', () => new Sequential(conv(3, 4), norm(4)), image, ['conv2d', 'batchNormInfer']],
  [
    'Conv2d with a bias, BatchNorm, relu',
    () => new Sequential(conv(3, 4, 3, 2, true), norm(4), ops.relu),
    image,
    ['conv2d', 'batchNormInfer', 'relu'],
  ],
  [
    'Conv2d in groups, BatchNorm, relu',
    () => new Sequential(grouped(), norm(6), ops.relu),
    image,
    ['conv2d', 'batchNormInfer', 'relu'],
  ],
  [
    'BatchNorm without gamma and beta',
    () => new Sequential(conv(3, 4), norm(4, { affine: false })),
    image,
    ['conv2d', 'batchNormInfer'],
  ],
  [
    'Conv1d, BatchNorm, relu',
    () => new Sequential(conv1d(), norm(4), ops.relu),
    series,
    ['conv2d', 'batchNormInfer', 'relu'],
  ],
  ['Linear, BatchNorm', () => new Sequential(new nn.Linear(3, 4), norm(4)), rows, ['matmul', 'batchNormInfer']],
  [
    'Linear, BatchNorm, relu',
    () => new Sequential(new nn.Linear(3, 4, { bias: false }), norm(4), ops.relu),
    rows,
    ['matmul', 'batchNormInfer', 'relu'],
  ],
  [
    'chains within chains',
    () => new Sequential(new Sequential(conv(3, 4), norm(4)), ops.relu),
    image,
    ['conv2d', 'batchNormInfer', 'relu'],
  ],
]

describe('after eval, without gradients, one call does for', () => {
  test.each(runs)('%s', (_, make, input, separate) => {
    const [model, x] = [make().eval(), input()]
    expectSame(model, x)
    expect(noGrad(() => kernelsOf(model, x))).toEqual(separate.slice(0, 1))
    expect(kernelsOf(model, variable(x))).toEqual(separate)
  })

  test('what the formula says', () => {
    const [layer, after, x] = [conv(3, 4, 3, 1, true), norm(4, { epsilon: 0.01 }), image()]
    const values = (t: Tensor | undefined) => ndOf(t?.shape ?? [], t?.dataSync() ?? [])
    const [gamma, beta, mean, variance] = [after.gamma, after.beta, after.runningMean, after.runningVar].map(values)
    const z = convolve({ pads: [[1, 1], [1, 1]] })(values(x), values(layer.weight), values(layer.bias)) // prettier-ignore
    const expected = nd(z.shape, (...at) => {
      const [centred, c] = [ndIndex(z, ...at) - ndIndex(mean!, at[3]!), at[3]!]
      const scale = ndIndex(gamma!, c) / Math.sqrt(ndIndex(variance!, c) + 0.01)
      return Math.max(centred * scale + ndIndex(beta!, c), 0)
    })
    const y = noGrad(() => new Sequential(layer, after, ops.relu).eval().call(x))
    expectNear(y, tensor(Float32Array.from(expected.data), { shape: expected.shape }))
  })

  test('NaN, which relu passes on', () => {
    const model = new Sequential(conv(1, 1, 1), norm(1), ops.relu).eval()
    expect(noGrad(() => model.call(tensor([NaN], { shape: [1, 1, 1, 1] }))).dataSync()[0]).toBeNaN()
  })
})

describe('relu is part of the call with gradients, too', () => {
  const models: [string, () => nn.Sequential, () => Tensor][] = [
    ['Conv2d', () => new Sequential(conv(3, 4, 3, 1, true), ops.relu), image],
    ['Conv1d', () => new Sequential(conv1d(), ops.relu), series],
    ['Linear', () => new Sequential(new nn.Linear(3, 4), ops.relu), rows],
  ]
  test.each(models)('%s', (_, make, input) => {
    const [model, x] = [make(), variable(input())]
    const [layer] = model as Iterable<nn.Layer>
    expect(kernelsOf(model, x)).toHaveLength(1)
    const gradientsOf = (y: Tensor) => {
      y.square().sum().backward()
      return [x, ...model.parameters()].map((each) => {
        const found = each.grad as Tensor
        each.grad = undefined
        return found
      })
    }
    const fused = gradientsOf(model.call(x))
    const plain = gradientsOf(ops.relu((layer as nn.Module).call(x)))
    expect(fused).toHaveLength(3)
    fused.forEach((each, i) => expectNear(each, plain[i] as Tensor))
  })

  test('conv2d holds its result for the gradient of relu alone', () => {
    const [x, w] = [image(), variable(randn([1, 1, 3, 2]))]
    const held = (activation: 'none' | 'relu') => {
      collectGarbage()
      const before = memory().liveBuffers
      const y = ops.conv2d(x, w, { activation })
      const graph = y.view(y.shape, y.edge)
      y.dispose()
      graph.dispose()
      const left = memory().liveBuffers - before
      expect(graph.edge).toBeDefined()
      return left
    }
    expect([held('none'), held('relu')]).toEqual([0, 1])
  })
})

describe('never folds', () => {
  test('in training', () => {
    const [model, x] = [new Sequential(conv(3, 4), norm(4)), image()]
    const before = (model[1] as nn.BatchNorm).runningMean.dataSync()
    const y = noGrad(() => model.call(x))
    expectNear(y.mean({ axis: [0, 1, 2] }), (model[1] as nn.BatchNorm).beta as Tensor, 1e-4)
    expect((model[1] as nn.BatchNorm).runningMean.dataSync()).not.toEqual(before)
  })

  test('where a gradient is needed: of x, or of any parameter', () => {
    const [model, x] = [new Sequential(conv(3, 4), norm(4)).eval().freeze(), image()]
    expect(kernelsOf(model, x)).toEqual(['conv2d'])
    expect(kernelsOf(model, variable(x))).toEqual(['conv2d', 'batchNormInfer'])
    for (const name of Object.keys(model.namedParameters())) {
      model.freeze().unfreeze((each) => each === name)
      expect(kernelsOf(model, x)).toEqual(['conv2d', 'batchNormInfer'])
      model.call(x).sum().backward()
      expect(model.namedParameters()[name]?.grad?.size).toBeGreaterThan(0)
    }
  })

  test('what a subclass or a hook changes', () => {
    class Doubled extends nn.Conv2d {
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(2)
      }
    }
    const [after, x] = [norm(4), image()]
    const subclass = new Doubled({ in: 3, out: 4, kernel: 1 })
    expectSame(new Sequential(subclass, after, ops.relu), x)
    const hooked = conv(3, 4)
    let seen = 0
    hooked.forward = (input: Tensor) => {
      seen++
      return nn.Conv2d.prototype.forward.call(hooked, input)
    }
    noGrad(() => new Sequential(hooked, after).eval().call(x))
    expect(seen).toBe(1)
  })

  test('other channels: the norm says so', () => {
    const model = new Sequential(conv(3, 4), norm(1)).eval()
    expect(() => noGrad(() => model.call(image()))).toThrow('batchNorm: expected gamma [4], received [1]')
  })

  test('Linear with an activation of its own', () => {
    const model = new Sequential(new nn.Linear(3, 4, { activation: 'tanh' }), norm(4), ops.relu)
    expectSame(model, rows())
  })
})

describe('folds anew when a value changes', () => {
  const make = () => new Sequential(conv(3, 4), norm(4), ops.relu, conv(4, 2), norm(2)).eval()
  const first = (model: nn.Sequential, x: Tensor) => noGrad(() => model.call(x).dataSync())
  const changes: [string, (model: nn.Sequential, x: Tensor) => void][] = [
    ['SGD', (model, x) => step(new optim.SGD(model.parameters(), { lr: 0.1 }), model, x)],
    ['Adam', (model, x) => step(new optim.Adam(model.parameters(), { lr: 0.1 }), model, x)],
    ['loadStateDict', (model) => void model.loadStateDict(make().stateDict())],
    ['running statistics', (model, x) => void noGrad(() => model.train().call(x))],
    ['another norm', (model) => void (model[1] = norm(4).eval())],
    ['another convolution', (model) => void (model[3] = conv(4, 2))],
  ]
  function step(optimizer: optim.Optimizer, model: nn.Sequential, x: Tensor): void {
    tidy(() => unfolded(model, x).square().mean().backward())
    optimizer.step()
    optimizer.zeroGrad()
  }

  test.each(changes)('%s', (_, change) => {
    const [model, x] = [make(), image()]
    const before = first(model, x)
    change(model, x)
    expectSame(model, x)
    expect(first(model, x)).not.toEqual(before)
    change(model, x) // now with nothing else holding the values
    expectSame(model, x)
  })

  test('a single parameter, in place', () => {
    const [model, x] = [make(), image()]
    for (const parameter of model.parameters()) {
      const optimizer = new optim.SGD([parameter], { lr: 0.1 })
      for (let i = 0; i < 2; i++) {
        const before = first(model, x)
        step(optimizer, model, x)
        expect(first(model, x)).not.toEqual(before)
        expectSame(model, x)
      }
    }
  })

  test('functionalCall runs with its replacement, and the original is back afterwards', () => {
    const [model, x] = [make(), image()]
    const before = first(model, x)
    const replacement = { '0.weight': randn([3, 3, 3, 4]), '1.runningVar': rand([4], { low: 1, high: 2 }) }
    const [replaced, plain] = [
      noGrad(() => nn.functionalCall(model, replacement, x)),
      nn.functionalCall(model, replacement, variable(x)),
    ]
    expectNear(replaced, plain)
    expect(replaced.dataSync()).not.toEqual(before)
    expect(first(model, x)).toEqual(before)
  })

  test('a norm after two layers belongs to each in turn', () => {
    const shared = norm(3)
    expectSame(new Sequential(conv(3, 3), shared, ops.relu, conv(3, 3), shared), image())
  })
})

describe('what was folded', () => {
  const make = () => new Sequential(conv(3, 4), norm(4), ops.relu).eval()
  const live = () => memory().liveBuffers

  test('is no state', () => {
    const model = make()
    const names = Object.keys(model.stateDict())
    noGrad(() => model.call(image()))
    expect(Object.keys(model.stateDict())).toEqual(names)
    expect(names).toEqual(['0.weight', '1.gamma', '1.beta', '1.runningMean', '1.runningVar'])
    expect([model.parameters().length, model.buffers().length]).toEqual([3, 2])
  })

  test('is made once, outlives tidy, and goes when the norm trains or the model is disposed of', () => {
    const x = image()
    const run = (model: nn.Module) => noGrad(() => tidy(() => void model.call(x)))
    run(make())
    collectGarbage()
    const start = live()
    const model = make()
    const before = live()
    expect(before - start).toBe(5)
    run(model)
    expect(live() - before).toBe(2)
    run(model)
    tidy(() => void noGrad(() => model.forward(x)))
    expect(live() - before).toBe(2)
    const gamma = tensor([1, 2, 3, 4])
    model.loadStateDict({ '1.gamma': gamma }, { strict: false })
    gamma.dispose()
    run(model)
    expect(live() - before).toBe(2)
    run(model.train())
    expect(live() - before).toBe(0)
    run(model.eval())
    model.dispose()
    expect(live() - start).toBe(0)
    expect(() => noGrad(() => model.call(x))).toThrow('expected a live tensor')
  })
})
