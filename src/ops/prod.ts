import { defineOp } from '../engine/op.js'
import { sizeOf, type Tensor } from '../engine/tensor.js'
import { add, mul } from './arithmetic.js'
import { concat } from './concat.js'
import { axesOf, countOf, maskOf, reducedShape, sum, type Axis } from './reductions.js'
import { reshape } from './shape.js'
import { slice } from './slice.js'
import { transpose } from './transpose.js'

/** x as [kept, reduced], the reduced axes in order. */
export function reducedLast(x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]))
  const moved = kept.some((axis, i) => axis !== i) ? transpose(x, { perm: [...kept, ...axes] }) : x
  return reshape(moved, { shape: [sizeOf(kept.map((axis) => x.shape[axis] as number)), countOf(x, axes)] })
}

/** The product along rows as a tree of products of halves: its gradient never divides, so zeros are no exception. */
function productOfRows(x: Tensor): Tensor {
  let rest = x
  for (let n = x.shape[1] as number; n > 1; n = rest.shape[1] as number) {
    const half = Math.floor(n / 2)
    const left = slice(rest, { end: [undefined, half] })
    const right = slice(rest, { start: [0, half], end: [undefined, 2 * half] })
    const products = mul(left, right)
    rest = n % 2 === 0 ? products : concat([products, slice(rest, { start: [0, n - 1] })], { axis: 1 })
  }
  return rest
}

/**
 * The product over axes; 1 over no elements. int32 wraps around.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const prod = defineOp('prod', {
  attrs: { axis: undefined as Axis, keepDims: false },
  accepts: ['float32', 'int32'],
  kernel: 'prod',
  shape: ([x], { axis, keepDims }) => reducedShape(x.shape, axesOf('prod', x, axis), keepDims),
  params: ([x], { axis }) => [maskOf(axesOf('prod', x, axis))],
  compose: ([x], { axis, keepDims }) => {
    const axes = axesOf('prod', x, axis)
    if (countOf(x, axes) === 0) return add(sum(x, { axis: axes, keepDims }), 1)
    return reshape(productOfRows(reducedLast(x, axes)), { shape: reducedShape(x.shape, axes, keepDims) })
  },
})
