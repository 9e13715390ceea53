/**
 * Lower Cholesky factor of a symmetric positive definite matrix, float64, row-major [n, n]; only the lower triangle is
 * read. Returns undefined when a pivot is not positive, so that a caller can try more regularisation.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = matrix[i * n + j]! - dot(factor, i * n, factor, j * n, j)
      if (i !== j) factor[i * n + j] = rest / factor[j * n + j]!
      else if (rest > 0) factor[i * n + i] = Math.sqrt(rest)
      else return undefined
    }
  }
  return factor
}

/** Solves L Lᵀ x = b for one right-hand side [n]. */
export function choleskySolve(factor: Float64Array, n: number, rhs: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(rhs)
  for (let i = 0; i < n; i++) x[i] = (x[i]! - dot(factor, i * n, x, 0, i)) / factor[i * n + i]!
  for (let i = n - 1; i >= 0; i--) {
    x[i] = x[i]! / factor[i * n + i]!
    // Column by column: the factor's rows stay contiguous.
    for (let j = 0; j < i; j++) x[j]! -= factor[i * n + j]! * x[i]!
  }
  return x
}

function dot(a: Float64Array, from: number, b: Float64Array, start: number, length: number): number {
  let sum = 0
  for (let k = 0; k < length; k++) sum += a[from + k]! * b[start + k]!
  return sum
}
