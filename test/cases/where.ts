import { ops, tensor, type Tensor } from 'landbridge'
import { ndOf, type Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { mapped } from '../support/elementwise.js'
import { broadcastReference } from './arithmetic.js'

/** The choice as arithmetic on two operands at a time: the index of the chosen one, then its value. */
function chosen(condition: Nd, a: Nd, b: Nd): Nd {
  const shape = broadcastReference(() => 0)(broadcastReference(() => 0)(condition, a), b).shape
  const spread = (x: Nd) => broadcastReference((_, value) => value)(ndOf(shape, new Float64Array(sizeOf(shape))), x)
  const [c, x, y] = [spread(condition), spread(a), spread(b)]
  return { shape, data: x.data.map((value, i) => (c.data[i] === 1 ? value : (y.data[i] as number))) }
}
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

const choice = (name: string, condition: number[], a: Sample, b: Sample, gradient = true): Variant => ({
  name,
  inputs: [{ shape: condition, dtype: 'bool' }, a, b],
  run: (c, x, y) => ops.where(c, x, y),
  reference: chosen,
  tolerance: 0,
  gradient,
})
const int = (shape: number[], values?: number[]): Sample => ({ shape, values, dtype: 'int32' })

const clampTo = (min: number | undefined, max: number | undefined) => (x: number) =>
  Number.isNaN(x) ? x : Math.min(Math.max(x, min ?? -Infinity), max ?? Infinity)

const clamped = (
  name: string,
  min: number | undefined,
  max: number | undefined,
  rest: Partial<Variant> = {},
): Variant => ({
  name,
  inputs: [{ shape: [19], values: Array.from({ length: 19 }, (_, i) => (i - 9) / 4 + 0.05) }],
  run: (x: Tensor) => x.clamp({ min, max }),
  reference: mapped(clampTo(min, max)),
  ...rest,
})

export default [
  opCase({
    op: 'where',
    variants: [
      choice('equal shapes', [3, 7], { shape: [3, 7] }, { shape: [3, 7] }),
      choice('a scalar', [19], { shape: [] }, { shape: [19] }),
      choice('the other a scalar', [19], { shape: [19] }, { shape: [] }),
      choice('a column as condition', [4, 1], { shape: [5] }, { shape: [4, 5] }),
      choice('three ways', [2, 1, 1], { shape: [3, 1] }, { shape: [4] }),
      choice('scalars', [], { shape: [] }, { shape: [] }),
      choice('empty', [0, 3], { shape: [3] }, { shape: [0, 3] }),
      choice('int32', [4], int([4], [2147483647, -2147483648, 16777217, 0]), int([], [-16777217]), false),
      choice('uint8', [5, 7], { shape: [7], dtype: 'uint8' }, { shape: [5, 1], dtype: 'uint8' }, false),
      choice('bool', [9], { shape: [9], dtype: 'bool' }, { shape: [9], dtype: 'bool' }, false),
      choice('int32 beside float32', [9], int([9]), { shape: [9] }),
      choice('NaN where it is not chosen, and where it is', [8], { shape: [], values: [NaN] }, { shape: [8] }, false),
      {
        name: 'a number',
        inputs: [{ shape: [6], dtype: 'bool' }, { shape: [6] }],
        run: (c, x) => ops.where(c, x, -3),
        reference: (c, x) => chosen(c, x, ndOf([], [-3])),
      },
    ],
    errors: [
      {
        name: 'a condition of numbers',
        run: () => ops.where(tensor([1]), tensor([1]), tensor([2])),
        message: 'where: expected condition of dtype bool, received float32',
      },
      {
        name: 'shapes that do not broadcast',
        run: () => ops.where(tensor([true, false]), tensor([1, 2, 3]), 0),
        message: 'where: expected shapes that broadcast, received [2] and [3] and []',
      },
    ],
  }),
  opCase({
    op: 'clamp',
    covers: ['clampGrad'],
    variants: [
      clamped('both bounds', -1, 0.6),
      clamped('a lower bound', 0, undefined),
      clamped('an upper bound', undefined, 0),
      clamped('equal bounds', 0.5, 0.5),
      clamped('special values', -1, 1, {
        inputs: [{ shape: [7], values: [NaN, Infinity, -Infinity, 0, -0, 1e-45, 1] }],
        gradient: false,
      }),
      clamped('empty', -1, 1, { inputs: [{ shape: [0] }] }),
      clamped('int32', -3, 16777217, {
        inputs: [int([5], [-2147483648, 2147483647, -3, 16777218, 5])],
        tolerance: 0,
        gradient: false,
      }),
      clamped('uint8', 3, 200, {
        inputs: [{ shape: [5], values: [0, 3, 100, 200, 255], dtype: 'uint8' }],
        tolerance: 0,
        gradient: false,
      }),
      clamped('uint8, bounds beyond its range', -4, 1e9, {
        inputs: [{ shape: [3], values: [0, 7, 255], dtype: 'uint8' }],
        tolerance: 0,
        gradient: false,
      }),
      clamped('int32, a bound beyond its range', undefined, 1e12, {
        inputs: [int([2], [-2147483648, 2147483647])],
        tolerance: 0,
        gradient: false,
      }),
    ],
    errors: [
      {
        name: 'no bounds',
        run: () => tensor(1).clamp(),
        message: 'clamp: expected min, max or both, received neither',
      },
      {
        name: 'bounds the wrong way round',
        run: () => tensor(1).clamp({ min: 2, max: 1 }),
        message: 'clamp: expected min ≤ max, received 2 and 1',
      },
      {
        name: 'a text as bound',
        run: () => tensor(1).clamp({ min: '0' as never }),
        message: 'clamp: expected numbers as min and max, received "0"',
      },
      {
        name: 'a fraction beside int32',
        run: () => tensor(new Int32Array([1])).clamp({ max: 0.5 }),
        message: 'clamp: expected integers as min and max for int32, received 0.5',
      },
    ],
  }),
]
