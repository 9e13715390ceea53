import { accumulation } from '../engine/autograd.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { DType } from '../engine/native.js'
import { broadcastShapes } from './broadcast.js'
import { sumTo } from './sumTo.js'
import { promote } from './cast.js'

const numeric: DType[] = ['float32', 'int32', 'uint8']

/** What the four operations share: broadcast operands, promoted to the wider dtype (bool to int32). */
const pair = (name: string) => ({
  inputs: ['a', 'b'] as const,
  accepts: numeric,
  prepare: promote('uint8'),
  shape: ([a, b]: readonly [{ shape: readonly number[] }, { shape: readonly number[] }]) =>
    broadcastShapes(name, a.shape, b.shape),
})

/** a + b, elementwise over broadcast operands. */
export const add = defineOp('add', {
  ...pair('add'),
  save: [],
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(dy, a.shape) : undefined,
    needs[1] ? sumTo(dy, b.shape) : undefined,
  ],
})

/** a − b, elementwise over broadcast operands. */
export const sub = defineOp('sub', {
  ...pair('sub'),
  save: [],
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(dy, a.shape) : undefined,
    needs[1] ? sumTo(mul(dy, -1), b.shape) : undefined,
  ],
})

/** a · b, elementwise over broadcast operands. */
export const mul = defineOp('mul', {
  ...pair('mul'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(mul(dy, b), a.shape) : undefined,
    needs[1] ? sumTo(mul(dy, a), b.shape) : undefined,
  ],
})

/** a / b in float32, elementwise over broadcast operands; integers are cast first. */
export const div = defineOp('div', {
  ...pair('div'),
  prepare: promote('float32'),
  accepts: ['float32'],
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(div(dy, b), a.shape) : undefined,
    needs[1] ? sumTo(mul(div(mul(dy, a), mul(b, b)), -1), b.shape) : undefined,
  ],
})

accumulation.add = add
