import { defineOp, type Gradients } from '../engine/op.js'
import { mul } from './arithmetic.js'

const sameShape = ([x]: readonly [{ shape: readonly number[] }]) => x.shape

/** −x. */
export const neg = defineOp('neg', { shape: sameShape, save: [], gradient: (_, dy): Gradients => [neg(dy)] })

/** eˣ. */
export const exp = defineOp('exp', {
  shape: sameShape,
  save: ['outputs'],
  gradient: ({ outputs: [y] }, dy): Gradients => [mul(dy, y as NonNullable<typeof y>)],
})
