import { defineOp, type Gradients } from '../engine/op.js'
import { broadcastShapes } from './broadcast.js'
import { cast, promote } from './cast.js'
import { mul, sub } from './arithmetic.js'
import { sumTo } from './sumTo.js'

export const greaterEqual = defineOp('greaterEqual', {
  inputs: ['a', 'b'],
  accepts: ['float32', 'int32', 'uint8'],
  dtype: 'bool',
  prepare: promote('uint8'),
  shape: ([a, b]) => broadcastShapes('greaterEqual', a.shape, b.shape),
})

/** The larger of a and b, elementwise; NaN where either is. Equal values pass the gradient to a. */
export const maximum = defineOp('maximum', {
  inputs: ['a', 'b'],
  accepts: ['float32', 'int32', 'uint8'],
  prepare: promote('uint8'),
  shape: ([a, b]) => broadcastShapes('maximum', a.shape, b.shape),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => {
    const first = cast(greaterEqual(a, b), { dtype: 'float32' })
    return [
      needs[0] ? sumTo(mul(dy, first), a.shape) : undefined,
      needs[1] ? sumTo(mul(dy, sub(1, first)), b.shape) : undefined,
    ]
  },
})
