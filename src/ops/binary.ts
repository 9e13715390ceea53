/** Functions of two broadcast operands beyond arithmetic. */
import type { DType } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import { scalar } from '../engine/scalar.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { add, div, mul, sub } from './arithmetic.js'
import { broadcastShapes } from './broadcast.js'
import { promote } from './cast.js'
import { equal, greater, greaterEqual, less, logicalAnd, logicalNot } from './compare.js'
import { zeros } from './creation.js'
import { sumTo } from './sumTo.js'
import { abs, log, neg, square } from './unary.js'
import { where } from './where.js'

type Two = readonly [{ shape: Shape }, { shape: Shape }]
const numeric: DType[] = ['float32', 'int32', 'uint8']

/** Broadcast operands, promoted to the wider dtype (bool to uint8). */
const pair = (name: string) => ({
  inputs: ['a', 'b'] as const,
  accepts: numeric,
  prepare: promote('uint8'),
  shape: ([a, b]: Two) => broadcastShapes(name, a.shape, b.shape),
})

/** The same for operations on real numbers: integers are cast first. */
const realPair = (name: string) => ({
  ...pair(name),
  accepts: ['float32'] as const,
  prepare: promote('float32'),
})

/** The gradient of an operand that loses where `lost` holds: half of dy where they are equal, else all of it. */
const share = (lost: Tensor, a: Tensor, b: Tensor, dy: Tensor): Tensor =>
  where(lost, scalar(0, dy), where(equal(a, b), mul(dy, 0.5), dy))

/** The larger of a and b, elementwise over broadcast operands; NaN where either is. Equal values share the gradient. */
export const maximum = defineOp('maximum', {
  ...pair('maximum'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(share(less(a, b), a, b, dy), a.shape) : undefined,
    needs[1] ? sumTo(share(greater(a, b), a, b, dy), b.shape) : undefined,
  ],
})

/** The smaller of a and b, elementwise over broadcast operands; NaN where either is. Equal values share the gradient. */
export const minimum = defineOp('minimum', {
  ...pair('minimum'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(share(greater(a, b), a, b, dy), a.shape) : undefined,
    needs[1] ? sumTo(share(less(a, b), a, b, dy), b.shape) : undefined,
  ],
})

const three = (name: string) => ({
  inputs: ['a', 'b', 'dy'] as const,
  shape: ([a, b, dy]: readonly [...Two, { shape: Shape }]) => broadcastShapes(name, a.shape, b.shape, dy.shape),
})
const powGradBase = defineOp('powGradBase', three('powGradBase'))
const powGradExponent = defineOp('powGradExponent', three('powGradExponent'))

/** b·aᵇ⁻¹, which is 0 for b = 0; there 0⁻¹ must not appear, nor in the gradient of this. */
function powBaseSlope(a: Tensor, b: Tensor): Tensor {
  const singular = logicalAnd(equal(b, 0), logicalNot(greater(abs(a), 0)))
  return mul(b, pow(a, sub(where(singular, 1, b), 1)))
}

/** aᵇ·ln a, whose limit at a = 0 is 0 for b ≥ 0. */
function powExponentSlope(a: Tensor, b: Tensor): Tensor {
  const singular = logicalAnd(equal(a, 0), greaterEqual(b, 0))
  return mul(pow(a, b), log(where(singular, 1, a)))
}

/**
 * aᵇ in float32, elementwise over broadcast operands; integers are cast first. Special values as in C: a⁰ = 1ᵇ = 1 even
 * beside NaN, and NaN for a < 0 with a fraction in b. The gradient of a is 0 where b is 0, that of b where a is 0 ≤ b.
 */
export const pow = defineOp('pow', {
  ...realPair('pow'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(mul(dy, powBaseSlope(a, b)), a.shape) : undefined,
    needs[1] ? sumTo(mul(dy, powExponentSlope(a, b)), b.shape) : undefined,
  ],
  fusedGradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(powGradBase(a, b, dy), a.shape) : undefined,
    needs[1] ? sumTo(powGradExponent(a, b, dy), b.shape) : undefined,
  ],
})

/**
 * ⌊a/b⌋, elementwise over broadcast operands. Float32 by 0: a/b; integers by 0: 0; −2³¹/−1 stays −2³¹. The gradient is
 * 0. (PyTorch: `floor_divide`)
 */
export const floorDiv = defineOp('floorDiv', {
  ...pair('floorDiv'),
  save: [],
  gradient: ({ inputs, needs }, dy): Gradients =>
    inputs.map((x, i) => (needs[i] ? zeros(x.shape, { device: dy.device }) : undefined)),
})

/**
 * What ⌊a/b⌋ leaves over, elementwise over broadcast operands: it has the sign of b, as in Python (JavaScript's % has
 * that of a). By 0: NaN for float32, 0 for integers. (PyTorch: `remainder`)
 */
export const mod = defineOp('mod', {
  ...pair('mod'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => [
    needs[0] ? sumTo(dy, a.shape) : undefined,
    needs[1] ? sumTo(neg(mul(dy, floorDiv(a, b))), b.shape) : undefined,
  ],
})

/**
 * The angle in [−π, π] of the point (b, a), elementwise over broadcast operands; integers are cast first. The gradient
 * at the origin is NaN.
 */
export const atan2 = defineOp('atan2', {
  ...realPair('atan2'),
  gradient: ({ inputs: [a, b], needs }, dy): Gradients => {
    const scaled = div(dy, add(square(a), square(b)))
    return [
      needs[0] ? sumTo(mul(scaled, b), a.shape) : undefined,
      needs[1] ? sumTo(neg(mul(scaled, a)), b.shape) : undefined,
    ]
  },
})
