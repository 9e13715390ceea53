/** Elements moved and combined on the emulated CUDA device, in layouts that take each of the ways that its kernels have. */
import { describe, test } from 'vitest'
import { ops, type DType } from 'landbridge'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins } from '../support/twins.js'

const there = loadEmulated()
const exactly = 0

const permutations: [name: string, shape: number[], perm: number[]][] = [
  ['a matrix, in tiles', [100, 77], [1, 0]],
  ['planes of a batch', [3, 65, 130], [0, 2, 1]],
  ['axes reversed', [5, 40, 6, 33], [3, 2, 1, 0]],
  ['the last axis first, a short one between', [64, 3, 64], [2, 1, 0]],
  ['rows of four floats stay whole', [6, 5, 8], [1, 0, 2]],
  ['rows that fit no wide access', [6, 5, 7], [1, 0, 2]],
  ['too thin for tiles', [2, 50, 3], [0, 2, 1]],
  ['five axes', [2, 3, 4, 5, 6], [4, 2, 0, 3, 1]],
]

describe.runIf(there).each<DType>(['float32', 'uint8'])('movement of %s', (dtype) => {
  test.each(permutations)('transpose: %s', (_, shape, perm) => {
    expectTwins([{ shape, dtype }], (x) => ops.transpose(x, { perm }), exactly)
  })
  test.each([[[40, 33]], [[7, 4, 64]], [[2, 3, 5, 7]]])('flip, pad and concat of %s', (shape) => {
    const padding = shape.map((_, axis): [number, number] => [axis, 2 * axis + 1])
    const inputs = [{ shape, dtype }]
    expectTwins(inputs, (x) => ops.flip(x, { axis: [0, shape.length - 1] }), exactly)
    expectTwins(inputs, (x) => ops.pad(x, { padding, value: 3 }), exactly)
    expectTwins(inputs, (x) => ops.concat([x, x, x], { axis: 1 }), exactly)
    expectTwins(inputs, (x) => ops.concat([x, x], { axis: 0 }), exactly)
  })
})

const broadcasts: [name: string, a: number[], b: number[]][] = [
  ['the same shape, not a multiple of 16', [1003], [1003]],
  ['a scalar', [1003], []],
  ['a row of four floats', [70, 64], [64]],
  ['a row that fits no wide access', [70, 33], [33]],
  ['a column', [70, 64], [70, 1]],
  ['both repeated', [70, 1, 64], [1, 33, 1]],
  ['a middle axis', [5, 6, 16], [6, 1]],
  ['axes that do not merge', [2, 3, 4, 5, 16], [3, 1, 5, 1]],
]

describe.runIf(there).each<DType>(['float32', 'int32', 'uint8'])('broadcasts of %s', (dtype) => {
  test.each(broadcasts)('%s', (_, a, b) => {
    const inputs = [
      { shape: a, dtype },
      { shape: b, dtype },
    ]
    expectTwins(inputs, (x, y) => [ops.sub(x, y), ops.mul(y, x), ops.greater(y, x)], exactly)
    expectTwins(inputs, (x, y) => ops.where(ops.greater(x, 1), x, y), exactly)
  })
})

test.runIf(there)('casts of what the other type cannot hold', () => {
  const floats = [
    NaN,
    Infinity,
    -Infinity,
    2147483520,
    2147483648,
    -2147483648,
    -2147483904,
    1.9,
    -1.9,
    255.9,
    256,
    -0.5,
  ]
  const integers = [-5, 300, 255, 256, 0, 2147483647, -2147483648]
  for (const dtype of ['int32', 'uint8', 'bool', 'float32'] as const) {
    expectTwins([{ shape: [floats.length], values: floats }], (x) => ops.cast(x, { dtype }), exactly)
    const drawn = { shape: [integers.length], dtype: 'int32', values: integers } as const
    expectTwins([drawn], (x) => ops.cast(x, { dtype }), exactly)
  }
})
