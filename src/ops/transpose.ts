import { ArgumentError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { dtypes } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'

type Permutation = readonly number[] | undefined

function permutationOf(x: Tensor, perm: Permutation): number[] {
  if (perm === undefined) return x.shape.map((_, i) => x.rank - 1 - i)
  const axes = Array.isArray(perm) ? perm.map((axis: number) => (axis < 0 ? axis + x.rank : axis)) : []
  if (axes.length !== x.rank || !x.shape.every((_, i) => axes.includes(i))) {
    throw new ArgumentError('transpose', `each axis of shape [${x.shape.join(', ')}] once as perm`, describe(perm))
  }
  return axes
}

/**
 * The axes in another order: axis i of the result is axis perm[i] of x. (PyTorch: `permute`)
 *
 * @param options.perm every axis once; negative ones count from the end; default: all in reverse order
 */
export const transpose = defineOp('transpose', {
  attrs: { perm: undefined as Permutation },
  accepts: dtypes,
  shape: ([x], { perm }): Shape => permutationOf(x, perm).map((axis) => x.shape[axis] as number),
  params: ([x], { perm }) => permutationOf(x, perm),
  save: [],
  gradient: ({ inputs: [x], attrs: { perm } }, dy): Gradients => {
    const axes = permutationOf(x, perm)
    return [transpose(dy, { perm: axes.map((_, i) => axes.indexOf(i)) })]
  },
})
