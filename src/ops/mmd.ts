import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { noGrad } from '../engine/lifecycle.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add, div, mul, sub } from './arithmetic.js'
import { maximum } from './binary.js'
import { eye, full } from './creation.js'
import { matmul } from './matmul.js'
import { sum } from './reductions.js'
import { reshape } from './shape.js'
import { exp } from './unary.js'

const attrs = {
  scales: [0.25, 0.5, 1, 2, 4] as readonly number[],
  bandwidth: undefined as number | undefined,
  estimator: 'biased' as 'biased' | 'unbiased',
}
type Attrs = typeof attrs

function check(x: Tensor, y: Tensor, { scales, bandwidth, estimator }: Attrs): void {
  if (x.rank !== 2 || y.rank !== 2 || x.shape[1] !== y.shape[1]) {
    throw new ShapeError('mmd', 'x [n, d] and y [m, d]', `[${x.shape.join(', ')}] and [${y.shape.join(', ')}]`)
  }
  const least = estimator === 'unbiased' ? 2 : 1
  if ((x.shape[0] as number) < least || (y.shape[0] as number) < least) {
    throw new ShapeError('mmd', `at least ${least} rows on each side`, `${x.shape[0]} and ${y.shape[0]}`)
  }
  if (
    !Array.isArray(scales) ||
    scales.length < 1 ||
    scales.length > 16 ||
    !scales.every((s: unknown) => typeof s === 'number' && s > 0)
  ) {
    throw new ArgumentError('mmd', '1 to 16 positive numbers as scales', describe(scales))
  }
  if (bandwidth !== undefined && !(Number.isFinite(bandwidth) && bandwidth > 0)) {
    throw new ArgumentError('mmd', 'a positive number as bandwidth', describe(bandwidth))
  }
  if (estimator !== 'biased' && estimator !== 'unbiased') {
    throw new ArgumentError('mmd', "'biased' or 'unbiased' as estimator", describe(estimator))
  }
}

/** Mean over all pairs of Σ_s exp(−D/(s·h)), the diagonal left out where a and b are one unbiased sample. */
function meanKernel(a: Tensor, b: Tensor, h: Tensor, scales: readonly number[], hollow: boolean): Tensor {
  const [n, m] = [a.shape[0] as number, b.shape[0] as number]
  const normA = reshape(sum(mul(a, a), { axis: 1 }), { shape: [n, 1] })
  const normB = reshape(sum(mul(b, b), { axis: 1 }), { shape: [1, m] })
  const squared = sub(add(normA, normB), mul(matmul(a, b, { transposeB: true }), 2))
  const kernels: Tensor[] = scales.map((s) => exp(div(squared, mul(h, -s))))
  const k = kernels.reduce((total, each) => add(total, each))
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

function compose([x, y]: readonly [Tensor, Tensor], { scales, bandwidth, estimator }: Attrs): Tensor {
  const { centre, h } = constants(x, y, bandwidth)
  const [a, b] = [sub(x, centre), sub(y, centre)]
  const hollow = estimator === 'unbiased'
  const within = add(meanKernel(a, a, h, scales, hollow), meanKernel(b, b, h, scales, hollow))
  return sub(within, mul(meanKernel(a, b, h, scales, false), 2))
}

/**
 * Squared maximum mean discrepancy between two samples (Gretton et al. 2012) under a sum of Gaussian kernels (Long et
 * al. 2015): the mean of k over pairs in x, plus that in y, minus twice that across, with
 * k(a, b) = Σ_s exp(−‖a − b‖²/(s·h)). Fused: both gradients in one pass, O((n + m)·d) memory.
 *
 * @param x [n, d]
 * @param y [m, d]; n and m may differ
 * @param options.scales the factors s; default ¼, ½, 1, 2, 4
 * @param options.bandwidth h; default: the mean of all (n + m)² pairwise squared distances of the pooled sample, a
 *   constant for the gradient. Where that is 0 the result is 0 with zero gradient
 * @param options.estimator `'biased'` (default): the V-statistic, over n², m² and n·m pairs, never negative;
 *   `'unbiased'`: the U-statistic, which leaves a sample's pairs with itself out and divides by n(n − 1), m(m − 1)
 * @returns a scalar
 */
export const mmd = defineOp('mmd', {
  inputs: ['x', 'y'],
  attrs,
  kernel: 'mmd',
  shape: ([x, y], options, needs) => {
    check(x, y, options)
    return [{ shape: [] }, needs[0] ? { shape: x.shape } : null, needs[1] ? { shape: y.shape } : null]
  },
  params: (_, { scales, bandwidth, estimator }) => [estimator === 'unbiased' ? 1 : 0, bandwidth ?? 0, ...scales],
  compose,
  save: ['x', 'y', 'outputs'],
  fusedGradient: ({ outputs: [, dx, dy], needs }, d): Gradients => [
    needs[0] && dx ? mul(dx, d) : undefined,
    needs[1] && dy ? mul(dy, d) : undefined,
  ],
})
