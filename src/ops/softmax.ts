import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { mul, sub } from './arithmetic.js'
import { axisOf } from './axis.js'
import { maximum } from './binary.js'
import { reducedLast } from './prod.js'
import { axesOf, reducedShape, sum, type Axis } from './reductions.js'
import { reshape } from './shape.js'
import { transpose } from './transpose.js'
import { exp } from './unary.js'

const rowLength = ([x]: readonly [Tensor, ...Tensor[]]): number[] => [x.shape.at(-1) as number]
const sameShape = ([x]: readonly [Tensor, ...Tensor[]]): Shape => x.shape
const sumOfRows = (x: Tensor): Tensor => sum(x, { axis: -1, keepDims: true })

const softmaxGradient = defineOp('softmaxGradient', { inputs: ['y', 'dy'], shape: sameShape, params: rowLength })
const logSoftmaxGradient = defineOp('logSoftmaxGradient', { inputs: ['y', 'dy'], shape: sameShape, params: rowLength })

const softmaxRows = defineOp('softmaxRows', {
  shape: sameShape,
  params: rowLength,
  save: ['outputs'],
  gradient: ({ outputs }, dy): Gradients => {
    const y = outputs[0] as Tensor
    return [mul(y, sub(dy, sumOfRows(mul(dy, y))))]
  },
  fusedGradient: ({ outputs: [y] }, dy) => [softmaxGradient(y as Tensor, dy)],
})

const logSoftmaxRows = defineOp('logSoftmaxRows', {
  shape: sameShape,
  params: rowLength,
  save: ['outputs'],
  gradient: ({ outputs }, dy): Gradients => [sub(dy, mul(exp(outputs[0] as Tensor), sumOfRows(dy)))],
  fusedGradient: ({ outputs: [y] }, dy) => [logSoftmaxGradient(y as Tensor, dy)],
})

/** Applies an op of rows along any axis, which changes places with the last for the while. */
function alongRows(rows: (x: Tensor) => Tensor, x: Tensor, axis: number): Tensor {
  const last = x.rank - 1
  if (axis === last) return rows(x)
  const perm = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i))
  return transpose(rows(transpose(x, { perm })), { perm })
}

/**
 * exp(x) / Σ exp(x) along an axis, for values of any size: the largest is subtracted first. NaN where all are −∞.
 *
 * @param options.axis default −1
 */
export const softmax = defineOp('softmax', {
  attrs: { axis: -1 },
  shape: ([x], { axis }) => {
    axisOf('softmax', x.shape, axis)
    return x.shape
  },
  compose: ([x], { axis }) => alongRows(softmaxRows, x, axisOf('softmax', x.shape, axis)),
})

/**
 * log(softmax(x)) along an axis, without the underflow: x − max − log Σ exp(x − max). NaN where all are −∞.
 *
 * @param options.axis default −1
 */
export const logSoftmax = defineOp('logSoftmax', {
  attrs: { axis: -1 },
  shape: ([x], { axis }) => {
    axisOf('logSoftmax', x.shape, axis)
    return x.shape
  },
  compose: ([x], { axis }) => alongRows(logSoftmaxRows, x, axisOf('logSoftmax', x.shape, axis)),
})

const logSumExpRows = defineOp('logSumExpRows', {
  shape: ([x]) => x.shape.slice(0, -1),
  params: rowLength,
  save: ['x', 'outputs'],
  gradient: ({ inputs: [x], outputs }, dy): Gradients => {
    const rows = [...dy.shape, 1]
    // The bound, below every finite float, makes −∞ − (−∞) the −∞ that a row of nothing but −∞ needs.
    const y = maximum(reshape(outputs[0] as Tensor, { shape: rows }), -3.4e38)
    return [mul(reshape(dy, { shape: rows }), exp(sub(x, y)))]
  },
})

/**
 * log Σ exp(x) over axes, for values of any size; −∞ over no elements and where all are −∞.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const logSumExp = defineOp('logSumExp', {
  attrs: { axis: undefined as Axis, keepDims: false },
  shape: ([x], { axis, keepDims }) => reducedShape(x.shape, axesOf('logSumExp', x, axis), keepDims),
  compose: ([x], { axis, keepDims }) => {
    const axes = axesOf('logSumExp', x, axis)
    return reshape(logSumExpRows(reducedLast(x, axes)), { shape: reducedShape(x.shape, axes, keepDims) })
  },
})
