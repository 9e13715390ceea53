import { ArgumentError, DTypeError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { dtypes, type DType } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { add } from './arithmetic.js'
import { alongAxis, axisOf } from './axis.js'

function requireIndices(op: string, indices: Tensor): void {
  if (indices.dtype !== 'int32') throw new DTypeError(op, 'indices of dtype int32', indices.dtype)
}

/** The shape with axis `along` replaced by the axes of `indices`. */
const chosenShape = (shape: Shape, along: number, indices: Shape): Shape => [
  ...shape.slice(0, along),
  ...indices,
  ...shape.slice(along + 1),
]

/**
 * The slices of x at `indices` along an axis: shape [..., (those of indices), ...]. (PyTorch: `index_select`)
 *
 * @param indices int32 of any shape, from 0 to the axis' size − 1; any other one is a `KernelError` at the next read
 * @param options.axis default 0
 */
export const gather = defineOp('gather', {
  inputs: ['x', 'indices'],
  attrs: { axis: 0 },
  accepts: dtypes,
  shape: ([x, indices], { axis }) => {
    requireIndices('gather', indices)
    return { shape: chosenShape(x.shape, axisOf('gather', x.shape, axis), indices.shape), dtype: x.dtype }
  },
  params: ([x], { axis }) => alongAxis(x.shape, axisOf('gather', x.shape, axis)),
  save: ['indices'],
  gradient: ({ inputs: [x, indices], attrs: { axis }, needs }, dy): Gradients => {
    const along = axisOf('gather', x.shape, axis)
    return [needs[0] ? scatterSum(dy, indices, { axis: along, size: x.shape[along] as number }) : undefined, undefined]
  },
})

/**
 * @internal The opposite of gather: slices of x are added up where `indices` say, in a tensor that has `size` along
 * `axis` in place of the axes of `indices`.
 */
export const scatterSum = defineOp('scatterSum', {
  inputs: ['x', 'indices'],
  attrs: { axis: 0, size: 0 },
  accepts: ['float32', 'int32'],
  shape: ([x, indices], { axis, size }) => ({ shape: scattered(x.shape, indices.rank, axis, size), dtype: x.dtype }),
  params: ([x, indices], { axis, size }) => alongAxis(scattered(x.shape, indices.rank, axis, size), axis),
  save: ['indices'],
  gradient: ({ inputs: [, indices], attrs: { axis }, needs }, dy): Gradients => [
    needs[0] ? gather(dy, indices, { axis }) : undefined,
    undefined,
  ],
})

const scattered = (shape: Shape, removed: number, axis: number, size: number): Shape => [
  ...shape.slice(0, axis),
  size,
  ...shape.slice(axis + removed),
]

/**
 * x with the slices of `updates` added at `indices` along an axis; slices that meet are added up, always in the same
 * order. (PyTorch: `index_add`)
 *
 * @param indices int32 of any shape, from 0 to the axis' size − 1; any other one is a `KernelError` at the next read
 * @param updates of the shape of `gather(x, indices)`, and the dtype of x
 * @param options.axis default 0
 */
export const scatterAdd = defineOp('scatterAdd', {
  inputs: ['x', 'indices', 'updates'],
  attrs: { axis: 0 },
  accepts: ['float32', 'int32'] as DType[],
  shape: ([x, indices, updates], { axis }) => {
    requireIndices('scatterAdd', indices)
    const wanted = chosenShape(x.shape, axisOf('scatterAdd', x.shape, axis), indices.shape)
    if (updates.shape.join() !== wanted.join()) {
      throw new ShapeError('scatterAdd', `updates of shape [${wanted.join(', ')}]`, `[${updates.shape.join(', ')}]`)
    }
    if (updates.dtype !== x.dtype) throw new DTypeError('scatterAdd', `updates of dtype ${x.dtype}`, updates.dtype)
    return { shape: x.shape, dtype: x.dtype }
  },
  compose: ([x, indices, updates], { axis }) => {
    const along = axisOf('scatterAdd', x.shape, axis)
    return add(x, scatterSum(updates, indices, { axis: along, size: x.shape[along] as number }))
  },
})

/**
 * float32 [..., depth]: 1 at the index, 0 elsewhere.
 *
 * @param indices int32, from 0 to depth − 1; any other one is a `KernelError` at the next read
 * @param options.depth how many values an index can have
 */
export const oneHot = defineOp('oneHot', {
  inputs: ['indices'],
  attrs: { depth: 0 },
  accepts: ['int32'],
  dtype: 'float32',
  shape: ([indices], { depth }) => {
    if (!Number.isSafeInteger(depth) || depth < 1) {
      throw new ArgumentError('oneHot', 'an integer of at least 1 as depth', describe(depth))
    }
    return [...indices.shape, depth]
  },
})

/**
 * The rows of `weights` [v, d] at `ids`: shape [(that of ids), d].
 *
 * @param ids int32 of any shape, from 0 to v − 1; any other one is a `KernelError` at the next read
 */
export const embedding = defineOp('embedding', {
  inputs: ['weights', 'ids'],
  accepts: ['float32', 'int32'],
  dtype: 'float32',
  shape: ([weights, ids]) => {
    requireIndices('embedding', ids)
    if (weights.rank !== 2 || weights.dtype !== 'float32') {
      throw new ShapeError('embedding', 'float32 weights [v, d]', `${weights.dtype} [${weights.shape.join(', ')}]`)
    }
    return [...ids.shape, weights.shape[1] as number]
  },
  compose: ([weights, ids]) => gather(weights, ids),
})
