import { noGrad } from '../engine/lifecycle.js'
import type { Tensor } from '../engine/tensor.js'
import { withPrecision } from '../engine/withPrecision.js'
import { add, div, mul, sub } from './arithmetic.js'
import { maximum } from './binary.js'
import { eye, full } from './creation.js'
import { matmul } from './matmul.js'
import { mean, sum } from './reductions.js'
import { reshape } from './shape.js'
import { slice } from './slice.js'
import { exp, square } from './unary.js'

interface MmdOptions {
  scales: readonly number[]
  bandwidth: number | undefined
  estimator: 'biased' | 'unbiased' | 'linear'
}

/** Σ_s exp(−D/(s·h)). */
function kernelSum(squared: Tensor, h: Tensor, scales: readonly number[]): Tensor {
  return scales.map((s): Tensor => exp(div(squared, mul(h, -s)))).reduce((total, each) => add(total, each))
}

/** Mean over all pairs of Σ_s exp(−D/(s·h)), the diagonal left out where a and b are one unbiased sample. */
function meanKernel(a: Tensor, b: Tensor, h: Tensor, scales: readonly number[], hollow: boolean): Tensor {
  const [n, m] = [a.shape[0] as number, b.shape[0] as number]
  const normA = reshape(sum(mul(a, a), { axis: 1 }), { shape: [n, 1] })
  const normB = reshape(sum(mul(b, b), { axis: 1 }), { shape: [1, m] })
  const squared = sub(add(normA, normB), mul(matmul(a, b, { transposeB: true }), 2))
  const k = kernelSum(squared, h, scales)
  if (!hollow) return mul(sum(k), 1 / (n * m))
  return mul(sum(mul(k, sub(1, eye(n, { device: a.device })))), 1 / (n * (n - 1)))
}

/** Constants of the gradient: the pooled sample's mean, and the bandwidth. */
function constants(x: Tensor, y: Tensor, bandwidth: number | undefined): { centre: Tensor; h: Tensor } {
  return noGrad(() => {
    const rows = (x.shape[0] as number) + (y.shape[0] as number)
    const centre = mul(add(sum(x, { axis: 0 }), sum(y, { axis: 0 })), 1 / rows)
    if (bandwidth !== undefined) return { centre, h: full([], bandwidth, { device: x.device }) }
    const squares = [x, y].map((z) => sum(mul(sub(z, centre), sub(z, centre)))) as [Tensor, Tensor]
    // A pooled sample of one point has h = 0: any positive bandwidth gives the 0 and the zero gradient wanted then.
    return { centre, h: maximum(mul(add(...squares), 2 / rows), 1e-30) }
  })
}

/** The linear-time estimate, from every second row and its successor. */
function successivePairs(x: Tensor, y: Tensor, h: Tensor, scales: readonly number[]): Tensor {
  const rows = 2 * Math.floor(Math.min(x.shape[0] as number, y.shape[0] as number) / 2)
  const every = (z: Tensor, start: number) => slice(z, { start: [start], end: [rows], step: [2] })
  const k = (a: Tensor, b: Tensor) => kernelSum(sum(square(sub(a, b)), { axis: 1 }), h, scales)
  const [x0, x1, y0, y1] = [every(x, 0), every(x, 1), every(y, 0), every(y, 1)]
  return mean(sub(add(k(x0, x1), k(y0, y1)), add(k(x0, y1), k(x1, y0))))
}

/** `mmd` made of other ops, for second order. In float32 whatever precision is in force. */
export function mmdComposed(inputs: readonly [Tensor, Tensor], options: MmdOptions): Tensor {
  return withPrecision('float32', () => composed(inputs, options))
}

function composed([x, y]: readonly [Tensor, Tensor], { scales, bandwidth, estimator }: MmdOptions): Tensor {
  const { centre, h } = constants(x, y, bandwidth)
  if (estimator === 'linear') return successivePairs(x, y, h, scales)
  const [a, b] = [sub(x, centre), sub(y, centre)]
  const hollow = estimator === 'unbiased'
  const within = add(meanKernel(a, a, h, scales, hollow), meanKernel(b, b, h, scales, hollow))
  return sub(within, mul(meanKernel(a, b, h, scales, false), 2))
}
