import { defineOp, type Gradients } from '../engine/op.js'
import { shapeOfFirst } from './broadcast.js'

/** dy where y is above 0 (or NaN), 0 elsewhere; linear in dy, so that it is its own gradient. */
export const reluGrad = defineOp('reluGrad', {
  inputs: ['y', 'dy'],
  shape: shapeOfFirst,
  save: ['y'],
  gradient: ({ inputs: [y] }, ddy): Gradients => [undefined, reluGrad(y, ddy)],
})
