/** Trigonometric functions of angles in radians, their inverses, sinh and cosh. */
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add, div, mul, sub } from './arithmetic.js'
import { shapeOfFirst } from './broadcast.js'
import { neg, rsqrt, square } from './unary.js'

/** The sine of x in radians; NaN for ±∞. */
export const sin = defineOp('sin', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy): Gradients => [mul(dy, cos(x))],
})

/** The cosine of x in radians; NaN for ±∞. */
export const cos = defineOp('cos', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy): Gradients => [neg(mul(dy, sin(x)))],
})

/** The tangent of x in radians; NaN for ±∞. */
export const tan = defineOp('tan', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy) => [mul(dy, add(square(outputs[0] as Tensor), 1))],
})

/** d/dx arcsin x = 1/√(1 − x²). */
const arcSlope = (x: Tensor): Tensor => rsqrt(sub(1, square(x)))

/** The angle in [−π/2, π/2] whose sine is x; NaN beyond ±1. The gradient is infinite at ±1. */
export const asin = defineOp('asin', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [mul(dy, arcSlope(x))],
})

/** The angle in [0, π] whose cosine is x; NaN beyond ±1. The gradient is infinite at ±1. */
export const acos = defineOp('acos', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [neg(mul(dy, arcSlope(x)))],
})

/** The angle in [−π/2, π/2] whose tangent is x. */
export const atan = defineOp('atan', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [div(dy, add(square(x), 1))],
})

/** The hyperbolic sine (eˣ − e⁻ˣ)/2. */
export const sinh = defineOp('sinh', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy): Gradients => [mul(dy, cosh(x))],
})

/** The hyperbolic cosine (eˣ + e⁻ˣ)/2. */
export const cosh = defineOp('cosh', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy): Gradients => [mul(dy, sinh(x))],
})
