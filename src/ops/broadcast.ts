import { ShapeError } from '../engine/errors.js'
import { defineOp } from '../engine/op.js'
import type { DType } from '../engine/native.js'
import type { Shape } from '../engine/tensor.js'
import { checkShape } from './creation.js'
import { sumTo } from './sumTo.js'

/** The shape that all of `shapes` broadcast to, aligned at their last axes; sizes agree or are 1. */
export function broadcastShapes(op: string, ...shapes: Shape[]): Shape {
  const [first] = shapes
  if (first !== undefined && shapes.every((shape) => shape === first)) return first // tensors of one shape share it
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - (rank - shape.length)] ?? 1)
    const wide = sizes.find((size) => size !== 1) ?? 1
    if (sizes.some((size) => size !== 1 && size !== wide)) {
      throw new ShapeError(op, 'shapes that broadcast', shapes.map((shape) => `[${shape.join(', ')}]`).join(' and '))
    }
    return wide
  })
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a === b || (a.length === b.length && a.every((size, i) => size === b[i]))

/**
 * The shape rule of elementwise ops of one tensor, or of several of one shape. A declaration, because modules that
 * import each other read it while they load.
 */
export function shapeOfFirst([x]: readonly [{ shape: Shape }, ...{ shape: Shape }[]]): Shape {
  return x.shape
}

const all: DType[] = ['float32', 'int32', 'uint8', 'bool']

/**
 * Repeats `x` along axes of size 1 (and new leading axes) up to `shape`, as elementwise ops do by themselves.
 * (tfjs: `broadcastTo`)
 */
export const broadcastTo = defineOp('broadcastTo', {
  attrs: { shape: [] as Shape },
  accepts: all,
  shape: ([x], { shape }) => {
    checkShape('broadcastTo', shape)
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
      throw new ShapeError('broadcastTo', `a shape that [${x.shape.join(', ')}] broadcasts to`, `[${shape.join(', ')}]`)
    }
    return shape
  },
  save: [],
  params: () => [],
  gradient: ({ inputs: [x] }, dy) => [sumTo(dy, x.shape)],
})
