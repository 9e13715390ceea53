import { ShapeError } from '../engine/errors.js'
import { noGrad } from '../engine/lifecycle.js'
import type { DType } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { div, mul } from './arithmetic.js'
import { alongAxis, axisOf } from './axis.js'
import { cast } from './cast.js'
import { greaterEqual } from './compare.js'
import { axesOf, countOf, maskOf, reducedShape, sum, type Axis } from './reductions.js'
import { reshape } from './shape.js'

function requireElements(op: string, x: Tensor, axes: readonly number[]): void {
  if (countOf(x, axes) > 0) return
  throw new ShapeError(op, 'at least one element to choose from', `shape [${x.shape.join(', ')}]`)
}

/** `reaches`: whether the first of two values is at least as extreme as the second. */
const extreme = (name: string, reaches: (x: Tensor, y: Tensor) => Tensor) => ({
  attrs: { axis: undefined as Axis, keepDims: false },
  accepts: ['float32', 'int32', 'uint8'] as DType[],
  shape: ([x]: readonly [Tensor], { axis, keepDims }: { axis: Axis; keepDims: boolean }): Shape => {
    const axes = axesOf(name, x, axis)
    requireElements(name, x, axes)
    return reducedShape(x.shape, axes, keepDims)
  },
  params: ([x]: readonly [Tensor], { axis }: { axis: Axis }) => [maskOf(axesOf(name, x, axis))],
  save: ['x', 'outputs'],
  gradient: (
    { inputs: [x], outputs, attrs }: { inputs: readonly [Tensor]; outputs: readonly Tensor[]; attrs: { axis: Axis } },
    dy: Tensor,
  ): Gradients => {
    const axes = axesOf(name, x, attrs.axis)
    const shape = reducedShape(x.shape, axes, true)
    const share = noGrad(() => {
      const hits = cast(reaches(x, reshape(outputs[0] as Tensor, { shape })), { dtype: 'float32' })
      return div(hits, sum(hits, { axis: axes, keepDims: true }))
    })
    return [mul(reshape(dy, { shape }), share)]
  },
})

/**
 * The largest value over axes; NaN where there is one. Equal values share the gradient equally. (PyTorch: `amax`)
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 * @throws ShapeError when there is nothing to choose from
 */
export const max = defineOp(
  'max',
  extreme('max', (x, y) => greaterEqual(x, y)),
)

/**
 * The smallest value over axes; NaN where there is one. Equal values share the gradient equally. (PyTorch: `amin`)
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 * @throws ShapeError when there is nothing to choose from
 */
export const min = defineOp(
  'min',
  extreme('min', (x, y) => greaterEqual(y, x)),
)

interface ArgOptions {
  axis: number | undefined
  keepDims: boolean
}

const arg = (name: string) => ({
  attrs: { axis: undefined as number | undefined, keepDims: false },
  accepts: ['float32', 'int32'] as DType[],
  dtype: 'int32' as const,
  shape: ([x]: readonly [Tensor], { axis, keepDims }: ArgOptions): Shape => {
    const axes = axis === undefined ? axesOf(name, x, axis) : [axisOf(name, x.shape, axis)]
    requireElements(name, x, axes)
    return reducedShape(x.shape, axes, keepDims)
  },
  params: ([x]: readonly [Tensor], { axis }: ArgOptions) =>
    axis === undefined ? [1, x.size, 1] : alongAxis(x.shape, axisOf(name, x.shape, axis)),
})

/**
 * The index of the largest value as int32: the first of equals, or of the NaNs where there are any.
 *
 * @param options.axis default: the index in the flattened tensor
 * @param options.keepDims keep the axis (all of them) with size 1; default false
 * @throws ShapeError when there is nothing to choose from
 */
export const argMax = defineOp('argMax', arg('argMax'))

/**
 * The index of the smallest value as int32: the first of equals, or of the NaNs where there are any.
 *
 * @param options.axis default: the index in the flattened tensor
 * @param options.keepDims keep the axis (all of them) with size 1; default false
 * @throws ShapeError when there is nothing to choose from
 */
export const argMin = defineOp('argMin', arg('argMin'))
