// Elementwise ops, reductions, normalisations and pooling in double precision.
import { sampled } from '../values.mjs'

/** Samples of a result of `size` elements, of which `element(index)` gives [value, magnitude]. */
export function samplesOf(size, element, count = 1000) {
  const at = sampled(size, count)
  const found = at.map(element)
  return [{ size, at, expected: found.map(([value]) => value), scale: Math.max(...found.map(([, m]) => Math.abs(m))) }]
}

/** y[i] = f(i), each element by itself. */
export const pointwise = (size, f) => samplesOf(size, (i) => [f(i), f(i)])

/** Sums of [rows, columns] over one axis, times `factor`. */
export function reduction(x, [rows, columns], axis, factor) {
  const [count, length, start, step] = axis === 0 ? [columns, rows, 1, columns] : [rows, columns, columns, 1]
  return samplesOf(count, (index) => {
    let [sum, magnitude] = [0, 0]
    for (let i = 0, at = index * start; i < length; i++, at += step) {
      sum += x[at]
      magnitude += Math.abs(x[at])
    }
    return [sum * factor, magnitude * factor]
  })
}

/** `f(row)` gives the row of the result, for rows of `length` values. */
export function byRows(x, length, f) {
  const rows = new Map()
  const rowOf = (i) => {
    if (!rows.has(i)) rows.set(i, f(Float64Array.from(x.subarray(i * length, (i + 1) * length))))
    return rows.get(i)
  }
  return samplesOf(x.length, (index) => {
    const value = rowOf(Math.floor(index / length))[index % length]
    return [value, value]
  })
}

export function softmaxRow(row) {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = row.map((v) => Math.exp(v - top))
  const total = powers.reduce((a, b) => a + b, 0)
  return powers.map((v) => v / total)
}

export function layerNormRow(row) {
  const { mean, deviation } = moments(row, 0, 1, 1e-5)
  return row.map((v) => (v - mean) / deviation)
}

/** Of every `step`-th value from `start`. */
function moments(x, start, step, epsilon) {
  let [count, sum, squares] = [0, 0, 0]
  for (let i = start; i < x.length; i += step) {
    sum += x[i]
    count++
  }
  const mean = sum / count
  for (let i = start; i < x.length; i += step) squares += (x[i] - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / count + epsilon) }
}

/** Batch normalisation of [..., channels] by the moments of the batch. */
export function batchNorm(x, channels) {
  const found = Array.from({ length: channels }, (_, c) => moments(x, c, channels, 1e-5))
  return pointwise(x.length, (i) => (x[i] - found[i % channels].mean) / found[i % channels].deviation)
}

/** 3 x 3 windows with stride 2 and a padding of 1 that never wins, of [n, h, w, c] with even h and w. */
export function maxPool(x, [n, h, w, c]) {
  const [oh, ow] = [h / 2, w / 2]
  return pointwise(n * oh * ow * c, (index) => {
    const [channel, j, i, image] = [index % c, Math.floor(index / c) % ow, Math.floor(index / c / ow) % oh, Math.floor(index / c / ow / oh)] // prettier-ignore
    let top = -Infinity
    for (let y = Math.max(0, 2 * i - 1); y <= Math.min(h - 1, 2 * i + 1); y++) {
      for (let z = Math.max(0, 2 * j - 1); z <= Math.min(w - 1, 2 * j + 1); z++) {
        top = Math.max(top, x[((image * h + y) * w + z) * c + channel])
      }
    }
    return top
  })
}
