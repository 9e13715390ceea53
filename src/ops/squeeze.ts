import { ShapeError } from '../engine/errors.js'
import { dtypes } from '../engine/native.js'
import { defineOp } from '../engine/op.js'
import { sizeOf, type Shape, type Tensor } from '../engine/tensor.js'
import { axisOf } from './axis.js'
import { axesOf, type Axis } from './reductions.js'
import { reshape } from './shape.js'

function squeezed(x: Tensor, axis: Axis): Shape {
  if (axis === undefined) return x.shape.filter((size) => size !== 1)
  const axes = axesOf('squeeze', x, axis)
  if (axes.some((each) => x.shape[each] !== 1)) {
    throw new ShapeError('squeeze', `size 1 along axis ${axes.join(', ')}`, `shape [${x.shape.join(', ')}]`)
  }
  return x.shape.filter((_, i) => !axes.includes(i))
}

/**
 * Without axes of size 1; nothing is copied.
 *
 * @param options.axis which; default: all of size 1
 * @throws ShapeError when a named axis has another size
 */
export const squeeze = defineOp('squeeze', {
  attrs: { axis: undefined as Axis },
  accepts: dtypes,
  shape: ([x], { axis }) => squeezed(x, axis),
  compose: ([x], { axis }) => reshape(x, { shape: squeezed(x, axis) }),
})

function unsqueezed({ shape }: Tensor, axis: number): Shape {
  const at = axisOf('unsqueeze', shape, axis, 1)
  return [...shape.slice(0, at), 1, ...shape.slice(at)]
}

/**
 * With one more axis, of size 1; nothing is copied. (tfjs: `expandDims`)
 *
 * @param options.axis where it stands in the result; default 0
 */
export const unsqueeze = defineOp('unsqueeze', {
  attrs: { axis: 0 },
  accepts: dtypes,
  shape: ([x], { axis }) => unsqueezed(x, axis),
  compose: ([x], { axis }) => reshape(x, { shape: unsqueezed(x, axis) }),
})

function flattened({ shape }: Tensor, startAxis: number, endAxis: number): Shape {
  if (shape.length === 0) return [1]
  const [start, end] = [axisOf('flatten', shape, startAxis), axisOf('flatten', shape, endAxis)]
  if (start > end) throw new ShapeError('flatten', 'startAxis before endAxis', `${startAxis} and ${endAxis}`)
  return [...shape.slice(0, start), sizeOf(shape.slice(start, end + 1)), ...shape.slice(end + 1)]
}

/**
 * Neighbouring axes made one; nothing is copied. A scalar becomes shape [1].
 *
 * @param options.startAxis the first of them; default 0
 * @param options.endAxis the last of them; default −1
 */
export const flatten = defineOp('flatten', {
  attrs: { startAxis: 0, endAxis: -1 },
  accepts: dtypes,
  shape: ([x], { startAxis, endAxis }) => flattened(x, startAxis, endAxis),
  compose: ([x], { startAxis, endAxis }) => reshape(x, { shape: flattened(x, startAxis, endAxis) }),
})
