import { ArgumentError, ShapeError } from '../engine/errors.js'
import { dtypes } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { axisOf, withSize } from './axis.js'
import { promote } from './cast.js'
import { reshape } from './shape.js'
import { slice } from './slice.js'

const list = (shapes: readonly Shape[]): string =>
  `${shapes
    .slice(0, 8)
    .map((shape) => `[${shape.join(', ')}]`)
    .join(', ')}${shapes.length > 8 ? ', …' : ''}`

function first(op: string, tensors: readonly Tensor[]): Tensor {
  if (tensors[0] === undefined) throw new ArgumentError(op, 'at least one tensor', 'none')
  return tensors[0]
}

function concatShape(tensors: readonly Tensor[], axis: number): Shape {
  const { shape } = first('concat', tensors)
  const along = axisOf('concat', shape, axis)
  const agree = tensors.every(
    (x) => x.rank === shape.length && x.shape.every((size, i) => i === along || size === shape[i]),
  )
  if (!agree) {
    const received = list(tensors.map((x) => x.shape))
    throw new ShapeError('concat', `shapes that differ along axis ${along} alone`, received)
  }
  return withSize(
    shape,
    along,
    tensors.reduce((total, x) => total + (x.shape[along] as number), 0),
  )
}

/**
 * Tensors joined along an axis that they have; of different dtypes they are cast to the widest. (PyTorch: `cat`)
 *
 * @param tensors one or more; shapes equal but for the axis
 * @param options.axis default 0
 */
export const concat = defineOp('concat', {
  inputs: 'list',
  attrs: { axis: 0 },
  accepts: dtypes,
  prepare: promote('bool'),
  shape: (tensors, { axis }) => concatShape(tensors, axis),
  params: (tensors, { axis }) => [axisOf('concat', first('concat', tensors).shape, axis)],
  save: [],
  gradient: ({ inputs, attrs: { axis }, needs }, dy): Gradients => {
    const along = axisOf('concat', dy.shape, axis)
    let at = 0
    return inputs.map((x, i) => {
      const start = dy.shape.map((_, a) => (a === along ? at : 0))
      at += x.shape[along] as number
      return needs[i] ? slice(dy, { start, end: withSize(dy.shape, along, at) }) : undefined
    })
  },
})

/**
 * Tensors of one shape joined along a new axis; of different dtypes they are cast to the widest.
 *
 * @param tensors one or more
 * @param options.axis where the new axis stands in the result; default 0
 */
export const stack = defineOp('stack', {
  inputs: 'list',
  attrs: { axis: 0 },
  accepts: dtypes,
  shape: (tensors, { axis }) => {
    const { shape } = first('stack', tensors)
    if (tensors.some((x) => x.shape.join() !== shape.join())) {
      throw new ShapeError('stack', 'tensors of one shape', list(tensors.map((x) => x.shape)))
    }
    const at = axisOf('stack', shape, axis, 1)
    return [...shape.slice(0, at), tensors.length, ...shape.slice(at)]
  },
  compose: (tensors, { axis }) => {
    const { shape } = first('stack', tensors)
    const at = axisOf('stack', shape, axis, 1)
    const wide = [...shape.slice(0, at), 1, ...shape.slice(at)]
    return concat(
      tensors.map((x) => reshape(x, { shape: wide })),
      { axis: at },
    )
  },
})
