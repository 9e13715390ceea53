/** Alignment losses on the emulated CUDA device: every width of rows, either gradient alone, values alone. */
import { describe, test } from 'vitest'
import { ops, type Shape, type Tensor } from 'landbridge'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins, type Drawn } from '../support/twins.js'

const there = loadEmulated()

// Both samples, and whose gradients are wanted.
type Sizes = [Shape, Shape, boolean, boolean]
const sizes: Sizes[] = [
  [[65, 64], [7, 64], true, true],
  [[30, 100], [70, 100], true, false],
  [[66, 129], [5, 129], true, true],
  [[9, 256], [130, 256], false, true],
  [[67, 257], [66, 257], true, true],
  [[20, 300], [90, 300], false, true],
  [[70, 260], [20, 260], false, false],
]

const samples = ([x, y, ofX, ofY]: Sizes, centre = 0): Drawn[] => [
  { shape: x, range: [centre - 2, centre + 2], gradient: ofX },
  { shape: y, range: [centre - 1, centre + 3], gradient: ofY },
]
/** A loss whose gradients, which shrink with the sample, are of order 1. */
const scaled = (loss: Tensor, [x, y]: Sizes, d = 1): Tensor => ops.mul(loss, ((x[0] as number) + (y[0] as number)) * d)

describe.runIf(there)('mmd', () => {
  test.each(sizes)('of %j and %j, gradients: %s, %s', (...size) => {
    expectTwins(samples(size), (x, y) => scaled(ops.mmd(x as Tensor, y as Tensor), size), 1e-5)
  })
  test('far from zero, unbiased, and of scales in no order', () => {
    const size = sizes[1] as Sizes
    const options = { estimator: 'unbiased', scales: [3, 0.7, 1.1] } as const
    expectTwins(samples(size, 1000), (x, y) => scaled(ops.mmd(x as Tensor, y as Tensor, options), size), 1e-5)
  })
  test.each([NaN, Infinity])('of %s is NaN, and so are the gradients', (value) => {
    for (const estimator of ['biased', 'linear'] as const) {
      const [x, y] = samples([[70, 3], [5, 3], true, true]) as [Drawn, Drawn]
      expectTwins([{ ...x, values: [0, value] }, y], (a, b) => ops.mmd(a as Tensor, b as Tensor, { estimator }))
    }
  })
})

describe.runIf(there)('coral', () => {
  test.each(sizes)('of %j and %j, gradients: %s, %s', (...size) => {
    const d = size[0][1] as number
    expectTwins(samples(size), (x, y) => scaled(ops.coral(x as Tensor, y as Tensor), size, d), 1e-5)
  })
  test.each<[Shape, Shape]>([
    [
      [3, 40],
      [70, 40],
    ],
    [
      [200, 5],
      [3, 5],
    ],
  ])('of NaN in %j and %j is NaN, and so are the gradients', (a, b) => {
    const [x, y] = samples([a, b, true, true]) as [Drawn, Drawn]
    expectTwins([{ ...x, values: [0, NaN] }, y], (x, y) => ops.coral(x as Tensor, y as Tensor))
  })
})
