/** Elementary functions of one tensor; the trigonometric and hyperbolic ones are in trigonometry.ts. */
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add, div, mul } from './arithmetic.js'
import { shapeOfFirst } from './broadcast.js'
import { zeros } from './creation.js'

/** The gradient of functions that are constant wherever they have one: 0, even for an infinite `dy`. */
const flat = {
  shape: shapeOfFirst,
  save: [],
  gradient: (_: unknown, dy: Tensor): Gradients => [zeros(dy.shape, { device: dy.device })],
}

/** −x, for float32 and int32, where −(−2³¹) stays −2³¹. */
export const neg = defineOp('neg', {
  accepts: ['float32', 'int32'],
  shape: shapeOfFirst,
  save: [],
  gradient: (_, dy): Gradients => [neg(dy)],
})

/** |x|, for float32 and int32, where |−2³¹| stays −2³¹. The gradient at 0 is 0. */
export const abs = defineOp('abs', {
  accepts: ['float32', 'int32'],
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [mul(dy, sign(x))],
})

/** −1, 0 or 1; NaN for NaN (as in NumPy; PyTorch gives 0). The gradient is 0. */
export const sign = defineOp('sign', flat)

/** The largest integer ≤ x. The gradient is 0. */
export const floor = defineOp('floor', flat)

/** The smallest integer ≥ x. The gradient is 0. */
export const ceil = defineOp('ceil', flat)

/** The nearest integer, ties to even: 0.5 to 0, 1.5 to 2. The gradient is 0. */
export const round = defineOp('round', flat)

/** x². */
export const square = defineOp('square', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [mul(dy, mul(x, 2))],
})

/** 1/x. */
export const reciprocal = defineOp('reciprocal', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy) => [neg(mul(dy, square(outputs[0] as Tensor)))],
})

/** √x; NaN below 0. The gradient at 0 is infinite. */
export const sqrt = defineOp('sqrt', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy) => [div(dy, mul(outputs[0] as Tensor, 2))],
})

/** 1/√x; infinite at 0, NaN below. */
export const rsqrt = defineOp('rsqrt', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs: [y] }, dy) => [mul(mul(dy, -0.5), mul(y as Tensor, square(y as Tensor)))],
})

/** eˣ. */
export const exp = defineOp('exp', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy): Gradients => [mul(dy, outputs[0] as Tensor)],
})

/** eˣ − 1, exact to the last digits near 0. */
export const expm1 = defineOp('expm1', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy) => [mul(dy, add(outputs[0] as Tensor, 1))],
})

/** The natural logarithm; −∞ at 0, NaN below. */
export const log = defineOp('log', { shape: shapeOfFirst, gradient: ({ inputs: [x] }, dy) => [div(dy, x)] })

/** ln(1 + x), exact to the last digits near 0; −∞ at −1, NaN below. */
export const log1p = defineOp('log1p', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [div(dy, add(x, 1))],
})

/** The error function 2/√π · ∫₀ˣ e^(−t²) dt. */
export const erf = defineOp('erf', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [mul(dy, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))],
})

/** Whether each element is NaN. (PyTorch: `isnan`) */
export const isNaN = defineOp('isNaN', { shape: shapeOfFirst, dtype: 'bool' })

/** Whether each element is neither NaN nor infinite. (PyTorch: `isfinite`) */
export const isFinite = defineOp('isFinite', { shape: shapeOfFirst, dtype: 'bool' })
