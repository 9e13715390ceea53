/** Sums by index, running sums, random numbers and optimisers on the emulated CUDA device, in sizes of each way. */
import { describe, expect, test } from 'vitest'
import {
  manualSeed,
  noGrad,
  ops,
  optim,
  rand,
  randint,
  randn,
  randperm,
  tensor,
  type Device,
  type Tensor,
} from 'landbridge'
import { seeded } from 'landbridge/testing'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins } from '../support/twins.js'

const there = loadEmulated()

/** Indices below `size`; a third of them the same one, so that some sums are long. */
function indices(count: number, size: number, device: Device): Tensor<'int32'> {
  const random = seeded(count)
  const values = Int32Array.from({ length: count }, (_, i) => {
    const drawn = Math.floor(size * random())
    return i % 3 === 0 ? Math.min(size - 1, 2) : drawn
  })
  return tensor(values, { device })
}

const slices: [name: string, outer: number, size: number, inner: number, chosen: number][] = [
  ['more indices than two digits', 1, 70_000, 1, 20_000],
  ['several blocks of indices', 1, 300, 3, 20_000],
  ['long runs of many columns', 2, 5, 40, 9001],
  ['one index', 1, 1, 7, 300],
  ['rows of 16 bytes', 3, 3000, 4, 65],
  ['short runs', 2, 1000, 16, 100],
]

describe.runIf(there).each(slices)('by index: %s', (_, outer, size, inner, chosen) => {
  const whole = { shape: [outer, size, inner] },
    part = { shape: [outer, chosen, inner] }
  test('gather', () => {
    const pick = (x: Tensor) => ops.gather(x, indices(chosen, size, x.device), { axis: 1 })
    expectTwins([whole], pick, 0)
    expectTwins([{ ...whole, dtype: 'uint8' }], pick, 0)
  })
  test('scatterAdd', () => {
    const add = (x: Tensor, y: Tensor) => ops.scatterAdd(x, indices(chosen, size, x.device), y, { axis: 1 })
    expectTwins([whole, part], add, 1e-7)
    const integers = { dtype: 'int32', range: [-(2 ** 31), 2 ** 31 - 1] } as const
    expectTwins(
      [
        { ...whole, ...integers },
        { ...part, ...integers },
      ],
      add,
      0,
    )
  })
})

test.runIf(there)('an index out of range is told at the next read', () => {
  const x = tensor([1, 2, 3, 4, 5], { device: 'cuda-emulated' })
  const picked = ops.gather(x, tensor(Int32Array.of(1, 7, 2), { device: 'cuda-emulated' }))
  expect(() => picked.dataSync()).toThrow('expected indices from 0 to 4, received 7')
})

describe.runIf(there).each([
  ['a long row in parts', [1, 100_000, 1]],
  ['rows of several tiles', [3, 5000, 1]],
  ['columns in parts', [2, 1000, 3]],
  ['short rows', [500, 9, 1]],
])('cumsum: %s', (_, shape) => {
  test.each([false, true])('reverse %s', (reverse) => {
    for (const exclusive of [false, true]) {
      const run = (x: Tensor) => ops.cumsum(x, { axis: 1, reverse, exclusive })
      expectTwins([{ shape }], run, 1e-6)
      expectTwins([{ shape, dtype: 'int32', range: [-(2 ** 31), 2 ** 31 - 1] }], run, 0)
    }
  })
})

test.runIf(there).each([1, 63, 65, 1000, 100_003])('random numbers: %i', (n) => {
  const drawn = (draw: (device: Device) => Tensor) => (x: Tensor) => {
    manualSeed(7)
    return draw(x.device)
  }
  const inputs = [{ shape: [1] }]
  expectTwins(
    inputs,
    drawn((device) => rand([n], { device, low: -2, high: 3 })),
    1e-7,
  )
  expectTwins(
    inputs,
    drawn((device) => randn([n], { device, mean: 1, std: 2 })),
    1e-6,
  )
  expectTwins(
    inputs,
    drawn((device) => randint(-100, 2e9, [n], { device })),
    0,
  )
  expectTwins(
    inputs,
    drawn((device) => randint(3, 256, [n], { device, dtype: 'uint8' })),
    0,
  )
  expectTwins(
    inputs,
    drawn((device) => randperm(n, { device })),
    0,
  )
})

const optimizers: [name: string, make: (p: Tensor[]) => optim.SGD | optim.Adam][] = [
  ['SGD', (p) => new optim.SGD(p, { lr: 0.1, weightDecay: 0.01 })],
  ['SGD with momentum', (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true })],
  ['Adam', (p) => new optim.Adam(p, { lr: 0.1 })],
  ['AdamW', (p) => new optim.AdamW(p, { lr: 0.1, weightDecay: 0.1 })],
]

describe.runIf(there).each(optimizers)('%s', (_, make) => {
  // More than one launch takes, of several blocks, of no element, and of counts that are no multiple of 4.
  const sizes = Array.from({ length: 200 }, (_, i) =>
    i === 7 ? 0 : i === 50 ? 10_007 : i === 120 ? 8192 : (i * 37) % 133,
  )
  test('three steps of many parameters, with clipped gradients', () => {
    expectTwins([{ shape: [1] }], ({ device }) => {
      const random = seeded(5)
      const draw = (size: number, range: number) =>
        tensor(
          Float32Array.from({ length: size }, () => range * (2 * random() - 1)),
          { device },
        )
      const parameters = sizes.map((size) => draw(size, 1))
      for (const p of parameters) p.grad = draw(p.size, 100)
      const norm = optim.clipGradNorm(parameters, 0.5)
      const optimizer = make(parameters)
      for (let i = 0; i < 3; i++) optimizer.step()
      return noGrad(() => [ops.mul(norm, 1), ops.concat(parameters, { axis: 0 })])
    })
  })
})
