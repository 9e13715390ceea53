import { ShapeError } from '../engine/errors.js'

export interface Projection {
  /** [n, 2], row-major, in the order of the rows. */
  points: Float64Array
  /** Shares of the whole variance on the two axes. */
  explained: [number, number]
}

/**
 * Rows [n, d] on their first two principal components, in float64: eigenvectors of the covariance by cyclic Jacobi
 * rotations (Golub and Van Loan, 8.5), meant for d up to a few hundred. An axis points where its largest weight is
 * positive, so that the same features always give the same picture.
 *
 * @throws ShapeError unless `rows` holds whole rows of d values, at least one
 */
export function project(rows: ArrayLike<number>, d: number): Projection {
  const n = rows.length / d
  if (!Number.isInteger(n) || n < 1 || d < 1) throw new ShapeError('project', `rows of ${d} values`, `${rows.length}`)
  const centred = centre(rows, n, d)
  const { values, vectors } = eigen(covariance(centred, n, d), d)
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]!)
  const points = new Float64Array(n * 2)
  for (let axis = 0; axis < Math.min(2, d); axis++) {
    const weights = orient(Float64Array.from({ length: d }, (_, i) => vectors[i * d + order[axis]!]!))
    for (let r = 0; r < n; r++) {
      let sum = 0
      for (let i = 0; i < d; i++) sum += centred[r * d + i]! * weights[i]!
      points[r * 2 + axis] = sum
    }
  }
  const whole = values.reduce((sum, value) => sum + value, 0)
  const share = (axis: number) => (whole > 0 ? (values[order[axis] ?? -1] ?? 0) / whole : 0)
  return { points, explained: [share(0), share(1)] }
}

/** Both domains on the axes of the pooled rows, as a `FeatureView` holds them. */
export function projectDomains(source: ArrayLike<number>, target: ArrayLike<number>, d: number) {
  const pooled = new Float64Array(source.length + target.length)
  pooled.set(source)
  pooled.set(target, source.length)
  const { points, explained } = project(pooled, d)
  const pairs = Array.from({ length: points.length / 2 }, (_, i): [number, number] => [
    points[2 * i]!,
    points[2 * i + 1]!,
  ])
  return { source: pairs.slice(0, source.length / d), target: pairs.slice(source.length / d), explained }
}

function centre(rows: ArrayLike<number>, n: number, d: number): Float64Array {
  const mean = new Float64Array(d)
  for (let i = 0; i < n * d; i++) mean[i % d]! += rows[i]! / n
  return Float64Array.from({ length: n * d }, (_, i) => rows[i]! - mean[i % d]!)
}

function covariance(centred: Float64Array, n: number, d: number): Float64Array {
  const matrix = new Float64Array(d * d)
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < d; i++) {
      const value = centred[r * d + i]! / n
      for (let j = 0; j < d; j++) matrix[i * d + j]! += value * centred[r * d + j]!
    }
  }
  return matrix
}

/** Eigenvalues [d] and eigenvectors, the columns of [d, d], of a symmetric matrix, which is overwritten. */
function eigen(matrix: Float64Array, d: number): { values: Float64Array; vectors: Float64Array } {
  const vectors = new Float64Array(d * d)
  for (let i = 0; i < d; i++) vectors[i * d + i] = 1
  const scale = matrix.reduce((sum, value) => sum + value * value, 0)
  // Convergence is quadratic once the matrix is nearly diagonal: six to ten sweeps in practice.
  for (let sweep = 0; sweep < 30 && offDiagonal(matrix, d) > 1e-24 * scale; sweep++) {
    for (let p = 0; p < d - 1; p++) for (let q = p + 1; q < d; q++) rotate(matrix, vectors, d, p, q)
  }
  return { values: Float64Array.from({ length: d }, (_, i) => matrix[i * d + i]!), vectors }
}

function offDiagonal(matrix: Float64Array, d: number): number {
  let sum = 0
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) sum += matrix[i * d + j]! ** 2
  return sum
}

/** One Jacobi rotation in the plane (p, q) that makes matrix[p, q] zero. */
function rotate(matrix: Float64Array, vectors: Float64Array, d: number, p: number, q: number): void {
  const off = matrix[p * d + q]!
  if (off === 0) return
  const theta = (matrix[q * d + q]! - matrix[p * d + p]!) / (2 * off)
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1))
  const c = 1 / Math.hypot(t, 1)
  const s = t * c
  for (let k = 0; k < d; k++) turn(matrix, k * d + p, k * d + q, c, s)
  for (let k = 0; k < d; k++) turn(matrix, p * d + k, q * d + k, c, s)
  for (let k = 0; k < d; k++) turn(vectors, k * d + p, k * d + q, c, s)
}

function turn(values: Float64Array, i: number, j: number, c: number, s: number): void {
  const [a, b] = [values[i]!, values[j]!]
  values[i] = c * a - s * b
  values[j] = s * a + c * b
}

function orient(weights: Float64Array): Float64Array {
  const largest = weights.reduce((best, w) => (Math.abs(w) > Math.abs(best) * (1 + 1e-9) ? w : best), 0)
  return largest < 0 ? weights.map((w) => -w) : weights
}
