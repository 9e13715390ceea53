/** Activations of neural networks, elementwise. */
import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add, mul, sub } from './arithmetic.js'
import { shapeOfFirst } from './broadcast.js'
import { greater } from './compare.js'
import { reluGrad } from './reluGrad.js'
import { erf, exp, square } from './unary.js'
import { clamp, where } from './where.js'

/** max(x, 0). The gradient at 0 is 0. */
export const relu = defineOp('relu', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs }, dy): Gradients => [reluGrad(outputs[0] as Tensor, dy)],
})

const finite = (op: string, name: string, value: unknown): void => {
  if (!Number.isFinite(value)) throw new ArgumentError(op, `a finite number as ${name}`, describe(value))
}

const leakyReluGrad = defineOp('leakyReluGrad', {
  inputs: ['x', 'dy'],
  attrs: { slope: 0.01 },
  shape: shapeOfFirst,
  save: ['x'],
  gradient: ({ inputs: [x], attrs }, ddy): Gradients => [undefined, leakyReluGrad(x, ddy, attrs)],
})

/**
 * x above 0, slope·x elsewhere. The gradient at 0 is the slope.
 *
 * param options.slope default 0.01 (PyTorch: `negative_slope`; tfjs: `alpha`, default 0.2)
 * throws ArgumentError when the slope is not finite
 */
export const leakyRelu = defineOp('leakyRelu', {
  attrs: { slope: 0.01 },
  shape: ([x], { slope }) => {
    finite('leakyRelu', 'slope', slope)
    return x.shape
  },
  gradient: ({ inputs: [x], attrs }, dy): Gradients => [leakyReluGrad(x, dy, attrs)],
})

const eluGrad = defineOp('eluGrad', { inputs: ['x', 'dy'], attrs: { alpha: 1 }, shape: shapeOfFirst })

/**
 * x above 0, alpha·(eˣ − 1) elsewhere (Clevert et al. 2016). The gradient at 0 is alpha.
 *
 * param options.alpha default 1
 * throws ArgumentError when alpha is not finite
 */
export const elu = defineOp('elu', {
  attrs: { alpha: 1 },
  shape: ([x], { alpha }) => {
    finite('elu', 'alpha', alpha)
    return x.shape
  },
  // The clamp keeps the branch that is not taken finite: 0 · ∞ would be NaN in its gradient.
  gradient: ({ inputs: [x], attrs: { alpha } }, dy): Gradients => [
    where(greater(x, 0), dy, mul(dy, mul(exp(clamp(x, { max: 0 })), alpha))),
  ],
  fusedGradient: ({ inputs: [x], attrs }, dy) => [eluGrad(x, dy, attrs)],
})

const sigmoidGrad = defineOp('sigmoidGrad', { inputs: ['y', 'dy'], shape: shapeOfFirst })

/** 1/(1 + e⁻ˣ), precise at both ends. */
export const sigmoid = defineOp('sigmoid', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs: [y] }, dy): Gradients => [mul(dy, mul(y as Tensor, sub(1, y as Tensor)))],
  fusedGradient: ({ outputs: [y] }, dy): Gradients => [sigmoidGrad(y as Tensor, dy)],
})

const tanhGrad = defineOp('tanhGrad', { inputs: ['y', 'dy'], shape: shapeOfFirst })

/** The hyperbolic tangent. */
export const tanh = defineOp('tanh', {
  shape: shapeOfFirst,
  save: ['outputs'],
  gradient: ({ outputs: [y] }, dy): Gradients => [mul(dy, sub(1, square(y as Tensor)))],
  fusedGradient: ({ outputs: [y] }, dy): Gradients => [tanhGrad(y as Tensor, dy)],
})

/** ln(1 + eˣ), precise at both ends. */
export const softplus = defineOp('softplus', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => [mul(dy, sigmoid(x))],
})

const siluGrad = defineOp('siluGrad', { inputs: ['x', 'dy'], shape: shapeOfFirst })

/** x·sigmoid(x), also called swish (Elfwing et al. 2018). */
export const silu = defineOp('silu', {
  shape: shapeOfFirst,
  gradient: ({ inputs: [x] }, dy) => {
    const s = sigmoid(x)
    return [mul(dy, mul(s, add(mul(x, sub(1, s)), 1)))]
  },
  fusedGradient: ({ inputs: [x] }, dy) => [siluGrad(x, dy)],
})

const approximation = { approximate: 'none' as 'none' | 'tanh' }
const approximates = (_: unknown, { approximate }: typeof approximation) => [approximate === 'tanh' ? 1 : 0]

const geluGrad = defineOp('geluGrad', {
  inputs: ['x', 'dy'],
  attrs: approximation,
  shape: shapeOfFirst,
  params: approximates,
})

/** Φ(x) + x·φ(x), with the distribution and density of the standard normal. */
function geluSlope(x: Tensor): Tensor {
  const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)
  return add(cdf, mul(x, mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))))
}

/** The derivative of ½·x·(1 + tanh(u)), u = √(2/π)·(x + 0.044715·x³). */
function geluTanhSlope(x: Tensor): Tensor {
  const [root, cubic] = [Math.sqrt(2 / Math.PI), 0.044715]
  const t = tanh(mul(add(x, mul(mul(x, square(x)), cubic)), root))
  const du = mul(add(mul(square(x), 3 * cubic), 1), root)
  return mul(add(add(t, 1), mul(x, mul(sub(1, square(t)), du))), 0.5)
}

/**
 * x·Φ(x), with the standard normal distribution function Φ (Hendrycks & Gimpel 2016).
 *
 * param options.approximate `'none'` (default): Φ from erf; `'tanh'`: ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))) for Φ
 * throws ArgumentError for any other approximation
 */
export const gelu = defineOp('gelu', {
  attrs: approximation,
  shape: ([x], { approximate }) => {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new ArgumentError('gelu', "'none' or 'tanh' as approximate", describe(approximate))
    }
    return x.shape
  },
  params: approximates,
  gradient: ({ inputs: [x], attrs }, dy) => [mul(dy, attrs.approximate === 'tanh' ? geluTanhSlope(x) : geluSlope(x))],
  fusedGradient: ({ inputs: [x], attrs }, dy) => [geluGrad(x, dy, attrs)],
})
