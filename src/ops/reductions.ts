import { ArgumentError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { broadcastTo } from './broadcast.js'
import { mul } from './arithmetic.js'
import { reshape } from './shape.js'

/** One axis, several, or (default) all; negative ones count from the end. */
export type Axis = number | readonly number[] | undefined

/** The axes as a sorted list of non-negative numbers. */
export function axesOf(op: string, x: Tensor, axis: Axis): number[] {
  const given = axis === undefined ? x.shape.map((_, i) => i) : axis
  const list: readonly number[] = Array.isArray(given) ? given : [given]
  const axes = list.map((each) => {
    if (!Number.isInteger(each) || each < -x.rank || each >= x.rank) {
      throw new ArgumentError(
        op,
        `axes from ${-x.rank} to ${x.rank - 1} for shape [${x.shape.join(', ')}]`,
        describe(axis),
      )
    }
    return each < 0 ? each + x.rank : each
  })
  if (new Set(axes).size !== axes.length) throw new ArgumentError(op, 'each axis once', describe(axis))
  return axes.sort((a, b) => a - b)
}

export const maskOf = (axes: readonly number[]): number => axes.reduce((mask, axis) => mask + 2 ** axis, 0)

/** The shape after reducing `axes`: sizes of 1 with keepDims, left out otherwise. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((size, i) => (axes.includes(i) ? 1 : size))
  return shape.filter((_, i) => !axes.includes(i))
}

/** A reduction's gradient or result, spread over the reduced axes again. */
export function expandReduced(dy: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(dy, { shape: reducedShape(x.shape, axes, true) }), { shape: x.shape })
}

const options = { axis: undefined as Axis, keepDims: false }

/**
 * The sum over axes. int32 wraps around.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const sum = defineOp('sum', {
  attrs: options,
  accepts: ['float32', 'int32'],
  shape: ([x], { axis, keepDims }) => reducedShape(x.shape, axesOf('sum', x, axis), keepDims),
  params: ([x], { axis }) => [maskOf(axesOf('sum', x, axis)), 1],
  save: [],
  gradient: ({ inputs: [x], attrs: { axis } }, dy) => [expandReduced(dy, x, axesOf('sum', x, axis))],
})

/**
 * The mean over axes; NaN over no elements.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const mean = defineOp('mean', {
  attrs: options,
  kernel: 'sum',
  shape: ([x], { axis, keepDims }) => reducedShape(x.shape, axesOf('mean', x, axis), keepDims),
  params: ([x], { axis }) => {
    const axes = axesOf('mean', x, axis)
    return [maskOf(axes), 1 / countOf(x, axes)]
  },
  save: [],
  gradient: ({ inputs: [x], attrs: { axis } }, dy): Gradients => {
    const axes = axesOf('mean', x, axis)
    return [mul(expandReduced(dy, x, axes), 1 / countOf(x, axes))]
  },
})

/** How many elements each result covers. */
export function countOf(x: Tensor, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (x.shape[axis] as number), 1)
}
