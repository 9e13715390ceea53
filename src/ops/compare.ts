/** Comparisons and logic: results of dtype bool, without gradients. */
import { dtypes } from '../engine/native.js'
import { defineOp } from '../engine/op.js'
import type { Shape } from '../engine/tensor.js'
import { broadcastShapes, shapeOfFirst } from './broadcast.js'
import { promote } from './cast.js'

type Two = readonly [{ shape: Shape }, { shape: Shape }]

/** What comparisons share: broadcast operands of any dtype, promoted to the wider one. */
const pair = (name: string) => ({
  inputs: ['a', 'b'] as const,
  accepts: dtypes,
  dtype: 'bool' as const,
  prepare: promote('bool'),
  shape: ([a, b]: Two) => broadcastShapes(name, a.shape, b.shape),
})

/** Whether a = b, elementwise over broadcast operands; false beside NaN. */
export const equal = defineOp('equal', pair('equal'))

/** Whether a ≠ b, elementwise over broadcast operands; true beside NaN. */
export const notEqual = defineOp('notEqual', pair('notEqual'))

/** Whether a > b, elementwise over broadcast operands; false beside NaN. */
export const greater = defineOp('greater', pair('greater'))

/** Whether a ≥ b, elementwise over broadcast operands; false beside NaN. */
export const greaterEqual = defineOp('greaterEqual', pair('greaterEqual'))

/** Whether a < b, elementwise over broadcast operands; false beside NaN. */
export const less = defineOp('less', pair('less'))

/** Whether a ≤ b, elementwise over broadcast operands; false beside NaN. */
export const lessEqual = defineOp('lessEqual', pair('lessEqual'))

const logical = (name: string) => ({
  inputs: ['a', 'b'] as const,
  accepts: ['bool'] as const,
  shape: ([a, b]: Two) => broadcastShapes(name, a.shape, b.shape),
})

/** Whether both hold, elementwise over broadcast operands of dtype bool. */
export const logicalAnd = defineOp('logicalAnd', logical('logicalAnd'))

/** Whether one of them holds or both, elementwise over broadcast operands of dtype bool. */
export const logicalOr = defineOp('logicalOr', logical('logicalOr'))

/** Whether exactly one holds, elementwise over broadcast operands of dtype bool. */
export const logicalXor = defineOp('logicalXor', logical('logicalXor'))

/** Whether x does not hold, elementwise; x of dtype bool. */
export const logicalNot = defineOp('logicalNot', { accepts: ['bool'], shape: shapeOfFirst })
