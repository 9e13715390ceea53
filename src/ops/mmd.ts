import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { mul } from './arithmetic.js'
import { mmdComposed } from './mmdComposed.js'

const estimators = ['biased', 'unbiased', 'linear'] as const
export type Estimator = (typeof estimators)[number]

const attrs = {
  scales: [0.25, 0.5, 1, 2, 4] as readonly number[],
  bandwidth: undefined as number | undefined,
  estimator: 'biased' as Estimator,
}
type Attrs = typeof attrs

function check(x: Tensor, y: Tensor, { scales, bandwidth, estimator }: Attrs): void {
  if (x.rank !== 2 || y.rank !== 2 || x.shape[1] !== y.shape[1]) {
    throw new ShapeError('mmd', 'x [n, d] and y [m, d]', `[${x.shape.join(', ')}] and [${y.shape.join(', ')}]`)
  }
  const least = estimator === 'biased' ? 1 : 2
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
  if (!estimators.includes(estimator)) {
    throw new ArgumentError('mmd', "'biased', 'unbiased' or 'linear' as estimator", describe(estimator))
  }
}

/**
 * Squared maximum mean discrepancy between two samples (Gretton et al. 2012) under a sum of Gaussian kernels (Long et
 * al. 2015): the mean of k over pairs in x, plus that in y, minus twice that across, with
 * k(a, b) = Σ_s exp(−‖a − b‖²/(s·h)). Fused: both gradients in one pass, O((n + m)·d) memory. Scales that double from
 * one to the next, as the default ones do, cost one exponential per pair; others one each.
 *
 * @param x [n, d]
 * @param y [m, d]; n and m may differ
 * @param options.scales the factors s; default ¼, ½, 1, 2, 4
 * @param options.bandwidth h; default: the mean of all (n + m)² pairwise squared distances of the pooled sample, a
 *   constant for the gradient. Where that is 0 the result is 0 with zero gradient
 * @param options.estimator `'biased'` (default): the V-statistic, over n², m² and n·m pairs, never negative;
 *   `'unbiased'`: the U-statistic, which leaves a sample's pairs with itself out and divides by n(n − 1), m(m − 1);
 *   `'linear'`: unbiased in O(n·d) time (Gretton et al. 2012, section 6), the mean over i of
 *   k(x₂ᵢ, x₂ᵢ₊₁) + k(y₂ᵢ, y₂ᵢ₊₁) − k(x₂ᵢ, y₂ᵢ₊₁) − k(x₂ᵢ₊₁, y₂ᵢ). It uses the first 2·⌊min(n, m)/2⌋ rows of each sample
 *   (the others count for the default bandwidth alone), so rows should be in random order; its variance is larger
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
  params: (_, { scales, bandwidth, estimator }) => [estimators.indexOf(estimator), bandwidth ?? 0, ...scales],
  compose: mmdComposed,
  save: ['x', 'y', 'outputs'],
  fusedGradient: ({ outputs: [, dx, dy], needs }, d): Gradients => [
    needs[0] && dx ? mul(dx, d) : undefined,
    needs[1] && dy ? mul(dy, d) : undefined,
  ],
})
