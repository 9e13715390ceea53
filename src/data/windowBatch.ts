import { ArgumentError } from '../engine/errors.js'

/** Some windows as dense arrays. */
export interface WindowBatch {
  /** [n, history, features] */
  readonly x: Float32Array
  /** Labels in the unit of the predicted column, [n, horizon]. */
  readonly y: Float32Array
  /** The predicted column at the last history step, in its unit, [n]: the forecast of persistence. */
  readonly origin: Float64Array
  /** Row of each window's first lead, [n]. */
  readonly lead: Int32Array
  /** Which of the joined sets each window comes from, [n]; 0 when there is one. */
  readonly part: Int32Array
}

/** What windows of one part are cut from. */
export interface FilledPart {
  /** Filled features of the part, row-major; its first row is row `from` of the series. */
  filled: Float32Array
  from: number
  target: Float64Array
  /** The last history row of each window. */
  origins: Int32Array
  history: number
  horizon: number
  features: number
}

/** The windows of the given numbers as arrays. Throws ArgumentError for a number that is none. */
export function gather(indices: ArrayLike<number>, source: FilledPart): WindowBatch {
  const { filled, from, target, origins, history, horizon, features } = source
  const batch = emptyBatch(indices.length, source)
  for (let n = 0; n < indices.length; n++) {
    const origin = origins[checkIndex(indices[n], origins.length)] ?? 0
    const start = (origin - history + 1 - from) * features
    batch.x.set(filled.subarray(start, start + history * features), n * history * features)
    batch.y.set(target.subarray(origin + 1, origin + 1 + horizon), n * horizon)
    batch.origin[n] = target[origin] ?? NaN
    batch.lead[n] = origin + 1
  }
  return batch
}

export function emptyBatch(count: number, shape: { history: number; horizon: number; features: number }): WindowBatch {
  return {
    x: new Float32Array(count * shape.history * shape.features),
    y: new Float32Array(count * shape.horizon),
    origin: new Float64Array(count),
    lead: new Int32Array(count),
    part: new Int32Array(count),
  }
}

export function everyIndex(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i)
}

export function checkIndex(index: number | undefined, count: number): number {
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < count) return index
  throw new ArgumentError('windows.batch', `indices of 0 … ${count - 1}`, String(index))
}
