import { ArgumentError } from '../engine/errors.js'

/** Mean and scale of each feature. Plain numbers, so that it can be saved as JSON with a model. */
export interface Scaler {
  readonly mean: readonly number[]
  readonly scale: readonly number[]
}

/** Rows `from` … `to` − 1 of a row-major matrix [length, features]. */
export interface Rows {
  readonly values: Float64Array | Float32Array
  readonly from?: number
  readonly to?: number
}

/**
 * Fits mean and standard deviation (over n) of each feature on the given rows of one or more matrices [length,
 * features]; NaN is left out. A feature without spread has scale 1, one without any value mean 0 and scale 1.
 */
export function fitScaler(parts: readonly Rows[], features: number): Scaler {
  for (const { values } of parts) checkWidth('fitScaler', values, features)
  const counts = new Float64Array(features)
  const mean = new Float64Array(features)
  forEachValue(parts, features, (value, feature) => {
    counts[feature] = (counts[feature] ?? 0) + 1
    mean[feature] = (mean[feature] ?? 0) + (value - (mean[feature] ?? 0)) / (counts[feature] ?? 1)
  })
  // A second pass: the sum of squares minus the square of the sum loses everything at pressures of 1013 ± 1.
  const squares = new Float64Array(features)
  forEachValue(parts, features, (value, feature) => {
    squares[feature] = (squares[feature] ?? 0) + (value - (mean[feature] ?? 0)) ** 2
  })
  const scale = squares.map((sum, i) => {
    const deviation = Math.sqrt(sum / (counts[i] ?? 0))
    return deviation > 1e-12 * Math.abs(mean[i] ?? 0) ? deviation : 1
  })
  return { mean: [...mean], scale: [...scale] }
}

/** (value − mean) / scale of a matrix [length, features] as Float32Array; NaN stays NaN. */
export function applyScaler(values: Float64Array | Float32Array, scaler: Scaler): Float32Array {
  const features = scaler.mean.length
  checkWidth('applyScaler', values, features)
  const scaled = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const feature = i % features
    scaled[i] = ((values[i] ?? NaN) - (scaler.mean[feature] ?? 0)) / (scaler.scale[feature] ?? 1)
  }
  return scaled
}

function forEachValue(parts: readonly Rows[], features: number, visit: (value: number, feature: number) => void): void {
  for (const { values, from = 0, to = values.length / features } of parts)
    for (let i = from * features; i < to * features; i++) {
      const value = values[i] ?? NaN
      if (!Number.isNaN(value)) visit(value, i % features)
    }
}

function checkWidth(op: string, values: Float64Array | Float32Array, features: number): void {
  if (Number.isInteger(features) && features > 0 && values.length % features === 0) return
  throw new ArgumentError(op, `a matrix [length, ${features}]`, `${values.length} values`)
}
