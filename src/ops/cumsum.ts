import { defineOp, type Gradients } from '../engine/op.js'
import { alongAxis, axisOf } from './axis.js'

/**
 * Running sums along an axis. int32 wraps around.
 *
 * @param options.axis default 0
 * @param options.exclusive leave each element out of its own sum, so that the first is 0; default false
 * @param options.reverse sum from the last element on; default false
 */
export const cumsum = defineOp('cumsum', {
  attrs: { axis: 0, exclusive: false, reverse: false },
  accepts: ['float32', 'int32'],
  shape: ([x], { axis }) => {
    axisOf('cumsum', x.shape, axis)
    return x.shape
  },
  params: ([x], { axis, exclusive, reverse }) => [
    ...alongAxis(x.shape, axisOf('cumsum', x.shape, axis)),
    Number(exclusive),
    Number(reverse),
  ],
  save: [],
  gradient: ({ attrs: { axis, exclusive, reverse } }, dy): Gradients => [
    cumsum(dy, { axis, exclusive, reverse: !reverse }),
  ],
})
