/** The maximum mean discrepancy by its definition, pair by pair, in double. */
import { nd, ndIndex, type Nd } from 'landbridge/testing'

export interface MmdOptions {
  scales?: number[]
  bandwidth?: number
  estimator?: 'biased' | 'unbiased' | 'linear'
}

const rows = (x: Nd): number => x.shape[0] as number

export function squaredDistance(a: Nd, i: number, b: Nd, j: number): number {
  let total = 0
  for (let c = 0; c < (a.shape[1] as number); c++) total += (ndIndex(a, i, c) - ndIndex(b, j, c)) ** 2
  return total
}

/** Mean of f(i, j) over all pairs; without i = j when `hollow`. */
export function meanOverPairs(n: number, m: number, hollow: boolean, f: (i: number, j: number) => number): number {
  let [total, count] = [0, 0]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      if (hollow && i === j) continue
      total += f(i, j)
      count++
    }
  }
  return total / count
}

export function meanDistance(x: Nd, y: Nd): number {
  const [n, m] = [rows(x), rows(y)]
  const row = (i: number): [Nd, number] => (i < n ? [x, i] : [y, i - n])
  return meanOverPairs(n + m, n + m, false, (i, j) => squaredDistance(...row(i), ...row(j)))
}

const defaults = [0.25, 0.5, 1, 2, 4]

/** Σ_s exp(−D/(s·h)) */
export function kernelOf(h: number, scales = defaults): (squared: number) => number {
  return (squared) => scales.reduce((total, s) => total + Math.exp(-squared / (s * h)), 0)
}

function slopeOf(h: number, scales = defaults): (squared: number) => number {
  return (squared) => scales.reduce((total, s) => total - Math.exp(-squared / (s * h)) / (s * h), 0)
}

/** Adds factor·d/da of k(‖a_i − b_j‖²) to row i of `gradient`. */
function push(gradient: Nd, a: Nd, i: number, b: Nd, j: number, factor: number): void {
  const d = a.shape[1] as number
  for (let c = 0; c < d; c++) {
    gradient.data[i * d + c] = (gradient.data[i * d + c] as number) + factor * 2 * (ndIndex(a, i, c) - ndIndex(b, j, c))
  }
}

/** d mmd/d a, where b is the other sample: from pairs within a, and from those across. */
export function gradientOf(a: Nd, b: Nd, { scales, bandwidth, estimator }: MmdOptions): Nd {
  const slope = slopeOf(bandwidth ?? meanDistance(a, b), scales)
  const gradient = nd(a.shape, () => 0)
  const [n, m] = [rows(a), rows(b)]
  const own = 2 / (n * (estimator === 'unbiased' ? n - 1 : n))
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) push(gradient, a, i, a, j, own * slope(squaredDistance(a, i, a, j)))
    for (let j = 0; j < m; j++) push(gradient, a, i, b, j, (-2 / (n * m)) * slope(squaredDistance(a, i, b, j)))
  }
  return gradient
}

/** The estimate from successive pairs of rows (Gretton et al. 2012, section 6). */
export function linearEstimate(x: Nd, y: Nd, k: (squared: number) => number): number {
  const pairs = Math.floor(Math.min(rows(x), rows(y)) / 2)
  let total = 0
  for (let i = 0; i < pairs; i++) {
    const [first, second] = [2 * i, 2 * i + 1]
    total += k(squaredDistance(x, first, x, second)) + k(squaredDistance(y, first, y, second))
    total -= k(squaredDistance(x, first, y, second)) + k(squaredDistance(x, second, y, first))
  }
  return total / pairs
}

/** The definition. The bandwidth of the first call stays: it is a constant for the gradient. */
export function mmdReference({ scales, bandwidth, estimator = 'biased' }: MmdOptions) {
  let h: number | undefined
  return (x: Nd, y: Nd): Nd => {
    h ??= bandwidth ?? meanDistance(x, y)
    const k = kernelOf(h, scales)
    if (estimator === 'linear') return nd([], () => linearEstimate(x, y, k))
    const mean = (a: Nd, b: Nd) =>
      meanOverPairs(rows(a), rows(b), a === b && estimator === 'unbiased', (i, j) => k(squaredDistance(a, i, b, j)))
    return nd([], () => mean(x, x) + mean(y, y) - 2 * mean(x, y))
  }
}
