import { ArgumentError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { noGrad } from '../engine/lifecycle.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { div, mul, sub } from './arithmetic.js'
import { maximum } from './binary.js'
import { axesOf, countOf, maskOf, mean, reducedShape, sum, type Axis } from './reductions.js'
import { reshape } from './shape.js'

/**
 * The Euclidean norm √Σx² over axes; squares neither overflow nor vanish. Where it is 0, so is its gradient.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const norm = defineOp('norm', {
  attrs: { axis: undefined as Axis, keepDims: false },
  shape: ([x], { axis, keepDims }) => reducedShape(x.shape, axesOf('norm', x, axis), keepDims),
  params: ([x], { axis }) => [maskOf(axesOf('norm', x, axis))],
  save: ['x', 'outputs'],
  gradient: ({ inputs: [x], outputs: [y], attrs: { axis } }, dy): Gradients => {
    const shape = reducedShape(x.shape, axesOf('norm', x, axis), true)
    // The bound only meets norms of 0; its own square is still a normal float, as second order needs.
    const length = maximum(reshape(y as Tensor, { shape }), 1e-18)
    return [mul(reshape(dy, { shape }), div(x, length))]
  },
})

const attrs = { axis: undefined as Axis, keepDims: false, correction: 1 }
type Attrs = typeof attrs

const shapeOf =
  (op: string) =>
  ([x]: readonly [Tensor], { axis, keepDims, correction }: Attrs): Shape => {
    if (typeof correction !== 'number' || !Number.isFinite(correction)) {
      throw new ArgumentError(op, 'a number as correction', describe(correction))
    }
    return reducedShape(x.shape, axesOf(op, x, axis), keepDims)
  }

/**
 * x minus its mean over `axes`. The first mean is a constant, which the result does not depend on; the second removes
 * the first one's rounding error, which at a large offset is no smaller than the spread itself.
 */
function centred(x: Tensor, axes: number[]): Tensor {
  const near = sub(
    x,
    noGrad(() => mean(x, { axis: axes, keepDims: true })),
  )
  return sub(near, mean(near, { axis: axes, keepDims: true }))
}

const freedom = (x: Tensor, axes: readonly number[], correction: number): number =>
  Math.max(0, countOf(x, axes) - correction)

/**
 * The variance Σ(x − mean)² / (n − correction) over axes, from centred values. NaN or infinite where n ≤ correction.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 * @param options.correction default 1 (Bessel's); 0 gives the population's variance, which tfjs' `moments` has
 */
export const variance = defineOp('variance', {
  attrs,
  shape: shapeOf('variance'),
  compose: ([x], { axis, keepDims, correction }) => {
    const axes = axesOf('variance', x, axis)
    const deviation = centred(x, axes)
    return mul(sum(mul(deviation, deviation), { axis: axes, keepDims }), 1 / freedom(x, axes, correction))
  },
})

/**
 * The standard deviation, the root of `variance`. Where it is 0, so is its gradient.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 * @param options.correction default 1 (Bessel's)
 */
export const std = defineOp('std', {
  attrs,
  shape: shapeOf('std'),
  compose: ([x], { axis, keepDims, correction }) => {
    const axes = axesOf('std', x, axis)
    return mul(norm(centred(x, axes), { axis: axes, keepDims }), 1 / Math.sqrt(freedom(x, axes, correction)))
  },
})
