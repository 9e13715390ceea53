import { defineOp } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { cast } from './cast.js'
import { axesOf, maskOf, reducedShape, type Axis } from './reductions.js'

interface Options {
  axis: Axis
  keepDims: boolean
}

const logical = (name: string) => ({
  attrs: { axis: undefined as Axis, keepDims: false },
  accepts: ['bool' as const],
  prepare: ([x]: (Tensor | undefined)[]) => [x && cast(x, { dtype: 'bool' })],
  shape: ([x]: readonly [Tensor], { axis, keepDims }: Options): Shape =>
    reducedShape(x.shape, axesOf(name, x, axis), keepDims),
  params: ([x]: readonly [Tensor], { axis }: Options) => [maskOf(axesOf(name, x, axis))],
})

/**
 * Whether any value over axes is true (not 0); false over no elements.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const any = defineOp('any', logical('any'))

/**
 * Whether all values over axes are true (not 0); true over no elements.
 *
 * @param options.axis default: all axes
 * @param options.keepDims keep reduced axes with size 1; default false
 */
export const all = defineOp('all', logical('all'))
