import { ShapeError } from '../engine/errors.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { withPrecision } from '../engine/withPrecision.js'
import { mul, sub } from './arithmetic.js'
import { matmul } from './matmul.js'
import { mean, sum } from './reductions.js'
import { square } from './unary.js'

function check(x: Tensor, y: Tensor): void {
  const [n = 0, d = 0] = x.shape
  const [m = 0, other] = y.shape
  if (x.rank !== 2 || y.rank !== 2 || d !== other || d < 1) {
    const received = `[${x.shape.join(', ')}] and [${y.shape.join(', ')}]`
    throw new ShapeError('coral', 'x [n, d] and y [m, d] with d ≥ 1', received)
  }
  if (n < 2 || m < 2) throw new ShapeError('coral', 'at least 2 rows on each side', `${n} and ${m}`)
}

function covariance(x: Tensor): Tensor {
  const centred = sub(x, mean(x, { axis: 0, keepDims: true }))
  return mul(matmul(centred, centred, { transposeA: true }), 1 / ((x.shape[0] as number) - 1))
}

/**
 * The CORAL loss (Sun & Saenko 2016): ‖C(x) − C(y)‖²/(4d²), the squared Frobenius distance of the samples' covariances
 * (over n − 1 and m − 1). Fused: both gradients come with the value. Where rows are few beside d, it is computed from
 * products of rows in O((n + m)·d) memory, ‖XXᵀ‖² + ‖YYᵀ‖² − 2‖XYᵀ‖² of the centred samples; its rounding error is then
 * about 1e-7·(‖C(x)‖² + ‖C(y)‖²)/(4d²) even where the covariances agree better than that (never below 0).
 *
 * @param x [n, d], n ≥ 2
 * @param y [m, d], m ≥ 2
 * @returns a scalar
 */
export const coral = defineOp('coral', {
  inputs: ['x', 'y'],
  kernel: 'coral',
  shape: ([x, y], _, needs) => {
    check(x, y)
    return [{ shape: [] }, needs[0] ? { shape: x.shape } : null, needs[1] ? { shape: y.shape } : null]
  },
  // In float32 whatever precision is in force: it is for second order, where exactness counts more than time.
  compose: ([x, y]) => {
    const d = x.shape[1] as number
    const distance = () => sum(square(sub(covariance(x), covariance(y))))
    return mul(withPrecision('float32', distance), 1 / (4 * d * d))
  },
  save: ['x', 'y', 'outputs'],
  fusedGradient: ({ outputs: [, dx, dy], needs }, d): Gradients => [
    needs[0] && dx ? mul(dx, d) : undefined,
    needs[1] && dy ? mul(dy, d) : undefined,
  ],
})
