// MMD and CORAL in double precision, from their definitions: the value, and rows of both gradients.

/** How many rows of each gradient are checked. */
const ROWS = 12

const columnMeans = (data, n, d) => {
  const means = new Float64Array(d)
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) means[k] += data[i * d + k] / n
  return means
}

const centredRows = (data, n, d, means) => Float64Array.from({ length: n * d }, (_, i) => data[i] - means[i % d])

function rowDot(a, i, b, j, d) {
  let sum = 0
  for (let k = 0, p = i * d, q = j * d; k < d; k++) sum += a[p + k] * b[q + k]
  return sum
}

/** Elements of a gradient [n, d] that `rowOf(i)` computes. */
function gradientSamples(n, d, rowOf) {
  const rows = Array.from({ length: Math.min(ROWS, n) }, (_, i) => Math.floor((i * (n - 1)) / Math.max(1, Math.min(ROWS, n) - 1))) // prettier-ignore
  const at = rows.flatMap((i) => Array.from({ length: d }, (_, k) => i * d + k))
  const expected = rows.flatMap((i) => [...rowOf(i)])
  return { size: n * d, at, expected, scale: Math.max(...expected.map(Math.abs)) }
}

const scales = [0.25, 0.5, 1, 2, 4]
/** k(D) = Σ_s exp(−D/(s·h)), and its derivative with respect to D. */
const kernelOf = (h) => (squared) => scales.reduce((sum, s) => sum + Math.exp(-squared / (s * h)), 0)
const slopeOf = (h) => (squared) => scales.reduce((sum, s) => sum - Math.exp(-squared / (s * h)) / (s * h), 0)

/** Both samples in one, centred; the bandwidth is the mean of all pairwise squared distances, 2·mean‖z‖². */
function pooled(x, y) {
  const [[n, d], [m]] = [x.shape, y.shape]
  const all = new Float64Array((n + m) * d)
  all.set(x.data)
  all.set(y.data, n * d)
  const z = centredRows(all, n + m, d, columnMeans(all, n + m, d))
  const norms = Float64Array.from({ length: n + m }, (_, i) => rowDot(z, i, z, i, d))
  const h = (2 * norms.reduce((a, b) => a + b, 0)) / (n + m)
  return { z, norms, h, n, m, d }
}

function mmdValue({ z, norms, h, n, m, d }) {
  const kernel = kernelOf(h)
  const sums = { xx: 0, yy: 0, xy: 0 }
  for (let i = 0; i < n + m; i++) {
    sums[i < n ? 'xx' : 'yy'] += scales.length // the pair of a row with itself
    for (let j = 0; j < i; j++) {
      const k = kernel(norms[i] + norms[j] - 2 * rowDot(z, i, z, j, d))
      if (i < n) sums.xx += 2 * k
      else if (j < n) sums.xy += k
      else sums.yy += 2 * k
    }
  }
  return sums.xx / n ** 2 + sums.yy / m ** 2 - (2 * sums.xy) / (n * m)
}

/** dMMD²/dz_i = Σ_j weight(i, j)·k'(D)·2·2·(z_i − z_j), weights 1/n², 1/m² within and −1/(nm) across. */
function mmdGradientRow({ z, norms, h, n, m, d }, i) {
  const slope = slopeOf(h)
  const row = new Float64Array(d)
  const own = i < n ? 1 / n ** 2 : 1 / m ** 2
  for (let j = 0; j < n + m; j++) {
    const weight = i < n === j < n ? own : -1 / (n * m)
    const factor = 4 * weight * slope(norms[i] + norms[j] - 2 * rowDot(z, i, z, j, d))
    for (let k = 0; k < d; k++) row[k] += factor * (z[i * d + k] - z[j * d + k])
  }
  return row
}

const remembered = new Map() // forward and gradient rows share their inputs

/** The value (scale: the sum of kernels at distance 0), then both gradients where wanted. */
export function mmdReference(x, y, { gradients, value = true }) {
  const sample = pooled(x, y)
  const key = `${sample.n},${sample.m},${sample.d}`
  if (value && !remembered.has(key)) remembered.set(key, mmdValue(sample))
  const first = value && { size: 1, at: [0], expected: [remembered.get(key)], scale: scales.length }
  if (!gradients) return [first || undefined]
  const { n, m, d } = sample
  const side = (rows, from) => gradientSamples(rows, d, (i) => mmdGradientRow(sample, from + i))
  return [first || undefined, side(n, 0), side(m, n)]
}

/** ‖Cx − Cy‖²/(4d²) by Gram matrices: tr(Cx·Cy) = Σ_ij (x_i·y_j)²/((n − 1)(m − 1)). */
export function coralReference(x, y, { gradients }) {
  const [[n, d], [m]] = [x.shape, y.shape]
  const [a, b] = [
    centredRows(x.data, n, d, columnMeans(x.data, n, d)),
    centredRows(y.data, m, d, columnMeans(y.data, m, d)),
  ]
  const key = `coral ${n},${m},${d}`
  if (!remembered.has(key)) remembered.set(key, coralValue([a, n], [b, m], d))
  const { value, scale } = remembered.get(key)
  const first = { size: 1, at: [0], expected: [value], scale }
  if (!gradients) return [first]
  const side = (own, rows, other, others) =>
    gradientSamples(rows, d, (i) => coralGradientRow([own, rows], [other, others], d, i))
  return [first, side(a, n, b, m), side(b, m, a, n)]
}

function coralValue([a, n], [b, m], d) {
  const [xx, yy, xy] = [innerProduct(a, n, a, n, d), innerProduct(b, m, b, m, d), innerProduct(a, n, b, m, d)]
  return { value: (xx + yy - 2 * xy) / (4 * d * d), scale: (xx + yy) / (4 * d * d) }
}

/** tr(Ca·Cb), by whichever of Gram matrices and covariances is smaller. */
function innerProduct(a, n, b, m, d) {
  let sum = 0
  if (n * m <= d * d) {
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) sum += rowDot(a, i, b, j, d) ** 2
    return sum / ((n - 1) * (m - 1))
  }
  const [ca, cb] = [covariance(a, n, d), covariance(b, m, d)]
  for (let i = 0; i < d * d; i++) sum += ca[i] * cb[i]
  return sum
}

function covariance(a, n, d) {
  const c = new Float64Array(d * d)
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < d; p++) {
      const factor = a[i * d + p] / (n - 1)
      for (let q = 0; q < d; q++) c[p * d + q] += factor * a[i * d + q]
    }
  }
  return c
}

/** Row i of X(Cx − Cy)/(d²(n − 1)), X centred. */
function coralGradientRow([own, n], [other, m], d, i) {
  const row = new Float64Array(d)
  const add = (rows, count, factor) => {
    for (let j = 0; j < count; j++) {
      const weight = (factor * rowDot(own, i, rows, j, d)) / (d * d * (n - 1))
      for (let k = 0; k < d; k++) row[k] += weight * rows[j * d + k]
    }
  }
  add(own, n, 1 / (n - 1))
  add(other, m, -1 / (m - 1))
  return row
}
