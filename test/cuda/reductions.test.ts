/** Reductions on the emulated CUDA device, in shapes that take each of the ways that its kernels have. */
import { describe, test } from 'vitest'
import { ops, type DType, type Tensor } from 'landbridge'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins } from '../support/twins.js'

const there = loadEmulated()

const shapes: [name: string, shape: number[], axis: number | number[] | undefined][] = [
  ['one long run, cut into pieces', [300_001], undefined],
  ['short rows', [1000, 3], 1],
  ['rows of several lanes', [70, 45], -1],
  ['rows of a warp', [300, 1000], 1],
  ['rows of a block', [3, 2000], 1],
  ['long rows in pieces', [3, 20_001], 1],
  ['columns', [5000, 10], 0],
  ['many columns', [700, 131], 0],
  ['columns in pieces', [30_000, 3], 0],
  ['a middle axis', [3, 400, 7], 1],
  ['a short middle axis', [40, 5, 33], 1],
  ['axes apart, the last among them', [6, 5, 49], [0, 2]],
  ['axes apart, cut into pieces', [40, 2, 401], [0, 2]],
  ['axes apart, the last kept', [6, 5, 14, 9], [0, 2]],
  ['two of four, the last among them', [4, 5, 6, 7], [1, 3]],
  ['few terms of many results', [150, 2, 30, 2], [1, 3]],
  ['many results in threads of their own', [20, 131_072], 0],
]

describe.runIf(there)('sum', () => {
  test.each(shapes)('%s', (_, shape, axis) => {
    expectTwins([{ shape }], (x) => ops.sum(x, { axis }))
  })
  test.each(shapes.slice(0, 10))('of integers: %s', (_, shape, axis) => {
    expectTwins([{ shape, dtype: 'int32', range: [-(2 ** 31), 2 ** 31 - 1] }], (x) => ops.sum(x, { axis }), 0)
  })
  test('of values far from zero keeps the digits', () => {
    expectTwins([{ shape: [200_000], range: [1e4, 1e4 + 1] }], (x) => ops.mean(x), 1e-7)
  })
})

const others: [name: string, dtype: DType, f: (x: Tensor, axis: number | number[] | undefined) => Tensor][] = [
  ['max', 'float32', (x, axis) => ops.max(x, { axis })],
  ['min', 'int32', (x, axis) => ops.min(x, { axis })],
  ['max', 'uint8', (x, axis) => ops.max(x, { axis })],
  ['norm', 'float32', (x, axis) => ops.norm(x, { axis })],
  ['any', 'bool', (x, axis) => ops.any(x, { axis })],
  ['all', 'bool', (x, axis) => ops.all(x, { axis })],
]
const ways = [0, 1, 3, 6, 9, 11, 15].map((i) => shapes[i] as (typeof shapes)[number])

describe.runIf(there).each(others)('%s of %s', (_, dtype, f) => {
  test.each(ways)('%s', (_, shape, axis) => expectTwins([{ shape, dtype }], (x) => f(x, axis)))
})

describe.runIf(there).each([
  ['argMax', ops.argMax],
  ['argMin', ops.argMin],
] as const)('%s', (_, f) => {
  test.each([
    [[100_000], undefined],
    [[500, 3], 1],
    [[20, 1500], 1],
    [[400, 17], 0],
    [[20_000, 2], 0],
    [[9, 50, 40], 1],
  ])('%s along %s, with ties', (shape, axis) => {
    expectTwins([{ shape, dtype: 'int32' }], (x) => f(x, { axis }), 0)
    expectTwins([{ shape }], (x) => f(x, { axis }), 0)
  })
})
