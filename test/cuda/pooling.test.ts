/** Pooling on the emulated CUDA device: windows of every size and step, and positions of nobody's windows. */
import { describe, test } from 'vitest'
import { ops, type Shape, type Tensor } from 'landbridge'
import { maxPool2dInput } from '../../src/ops/pooling.js'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins } from '../support/twins.js'

const there = loadEmulated()

const windows: [shape: Shape, options: { kernel: [number, number]; stride?: [number, number]; padding?: number }][] = [
  [[2, 8, 8, 3], { kernel: [2, 2] }],
  [[1, 9, 7, 40], { kernel: [3, 3], stride: [2, 2], padding: 1 }],
  [[3, 11, 13, 5], { kernel: [3, 2], stride: [1, 1] }],
  [[2, 10, 10, 2], { kernel: [2, 2], stride: [3, 4] }],
  [[2, 30, 31, 6], { kernel: [30, 31] }],
  [[1, 1, 500, 1], { kernel: [1, 4], stride: [1, 2], padding: 0 }],
  [[2, 40, 40, 70], { kernel: [20, 20], stride: [10, 10] }],
]

describe.runIf(there)('max', () => {
  test.each(windows)('of %j by %j', (shape, options) => {
    const x = { shape, gradient: true }
    expectTwins([x], (x) => ops.maxPool2d(x as Tensor, options), 1e-6)
  })
  test('with ties, infinities and NaN', () => {
    const some = [NaN, 1, -Infinity, 2, Infinity, 2, 2, NaN, -Infinity, -Infinity, 0, 0]
    const values = Array.from({ length: 2 * 12 * 12 * 3 }, (_, i) => some[(i * 7) % some.length] as number)
    const x = { shape: [2, 12, 12, 3], values, gradient: true }
    for (const kernel of [2, 3, 12]) expectTwins([x], (x) => ops.maxPool2d(x as Tensor, { kernel, stride: 2 }))
  })
  test('put back at, and fetched from, positions in any order, some of them nowhere', () => {
    const positions = { shape: [2, 5, 6, 3], dtype: 'int32', range: [-3, 67] } as const
    expectTwins([{ shape: [2, 5, 6, 3], gradient: true }, positions], (x, at) =>
      maxPool2dInput(x as Tensor, at as Tensor, { size: [8, 8] }),
    )
  })
})

describe.runIf(there)('avg', () => {
  test.each(windows)('of %j by %j', (shape, options) => {
    const x = { shape, gradient: true }
    for (const countIncludePad of [true, false]) {
      expectTwins([x], (x) => ops.avgPool2d(x as Tensor, { ...options, countIncludePad }))
    }
  })
})
