import { ArgumentError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { sizeOf, type Shape } from '../engine/tensor.js'

/** One axis of `shape` as a non-negative number; `extra` allows for axes that are about to be added. */
export function axisOf(op: string, shape: Shape, axis: number, extra = 0): number {
  const rank = shape.length + extra
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    const expected = rank === 0 ? 'a tensor with axes' : `an axis from ${-rank} to ${rank - 1}`
    throw new ArgumentError(op, `${expected} for shape [${shape.join(', ')}]`, describe(axis))
  }
  return axis < 0 ? axis + rank : axis
}

/** What an op along one axis sees of a shape. */
export function alongAxis(shape: Shape, axis: number): [outer: number, n: number, inner: number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] ?? 1, sizeOf(shape.slice(axis + 1))]
}

/** The shape with another size along one axis. */
export function withSize(shape: Shape, axis: number, size: number): Shape {
  return shape.map((each, i) => (i === axis ? size : each))
}
