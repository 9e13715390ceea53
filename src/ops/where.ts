/** A choice between two tensors, and values cut off at bounds. */
import { describe } from '../engine/arguments.js'
import { ArgumentError, DTypeError } from '../engine/errors.js'
import { dtypes } from '../engine/native.js'
import { defineOp, type Gradients, type OutputSpec } from '../engine/op.js'
import { scalar } from '../engine/scalar.js'
import type { Tensor } from '../engine/tensor.js'
import { broadcastShapes, shapeOfFirst } from './broadcast.js'
import { promote } from './cast.js'
import { sumTo } from './sumTo.js'

const promoteBoth = promote('bool')

/**
 * a where the condition holds, b elsewhere; all three broadcast. a and b of any dtype, promoted to the wider one. The
 * operand that is not chosen receives gradient 0, even beside an infinite or NaN gradient.
 *
 * @param condition dtype bool
 * @throws DTypeError for a condition of another dtype; ShapeError for shapes that do not broadcast
 */
export const where = defineOp('where', {
  inputs: ['condition', 'a', 'b'],
  accepts: dtypes,
  prepare: ([condition, ...both]): (Tensor | undefined)[] => [condition, ...promoteBoth(both)],
  shape: ([condition, a, b]): OutputSpec => {
    if (condition.dtype !== 'bool') throw new DTypeError('where', 'condition of dtype bool', condition.dtype)
    return { shape: broadcastShapes('where', condition.shape, a.shape, b.shape), dtype: a.dtype }
  },
  save: ['condition'],
  gradient: ({ inputs: [condition, a, b], needs }, dy): Gradients => [
    undefined,
    needs[1] ? sumTo(where(condition, dy, scalar(0, dy)), a.shape) : undefined,
    needs[2] ? sumTo(where(condition, scalar(0, dy), dy), b.shape) : undefined,
  ],
})

const bounds = { min: undefined as number | undefined, max: undefined as number | undefined }
type Bounds = typeof bounds
const limits = (_: unknown, { min = -Infinity, max = Infinity }: Bounds) => [min, max]

const clampGrad = defineOp('clampGrad', {
  inputs: ['x', 'dy'],
  attrs: bounds,
  shape: shapeOfFirst,
  params: limits,
  save: ['x'],
  gradient: ({ inputs: [x], attrs }, ddy): Gradients => [undefined, clampGrad(x, ddy, attrs)],
})

function checkBounds(x: Tensor, { min, max }: Bounds): void {
  if (min === undefined && max === undefined) throw new ArgumentError('clamp', 'min, max or both', 'neither')
  for (const bound of [min, max]) {
    if (bound !== undefined && typeof bound !== 'number') {
      throw new ArgumentError('clamp', 'numbers as min and max', describe(bound))
    }
    if (x.dtype !== 'float32' && bound !== undefined && Number.isFinite(bound) && !Number.isInteger(bound)) {
      throw new ArgumentError('clamp', `integers as min and max for ${x.dtype}`, String(bound))
    }
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw new ArgumentError('clamp', 'min ≤ max', `${min} and ${max}`)
  }
}

/**
 * x cut off at the bounds; NaN stays. The gradient passes inside and at the bounds. (tfjs: `clipByValue`)
 *
 * @param x float32, int32 or uint8, for which a bound out of range is its smallest or largest value
 * @param options.min default: no lower bound
 * @param options.max default: no upper bound
 * @throws ArgumentError without bounds, for min > max, and for bounds with a fraction beside integers
 */
export const clamp = defineOp('clamp', {
  attrs: bounds,
  accepts: ['float32', 'int32', 'uint8'],
  shape: ([x], options) => {
    checkBounds(x, options)
    return x.shape
  },
  params: limits,
  gradient: ({ inputs: [x], attrs }, dy): Gradients => [clampGrad(x, dy, attrs)],
})
