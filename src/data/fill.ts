export interface FillOptions {
  /** Row-major [length, features]; NaN = missing. */
  readonly values: Float32Array | Float64Array
  readonly features: number
  /** The part: rows `from` … `to` − 1. Nothing outside of it is read. */
  readonly from: number
  readonly to: number
  /** Most steps that a value is carried forward. */
  readonly maxGap: number
}

/**
 * A copy of the rows `from` … `to` − 1 in which a missing value is the last one before it, if that is at most `maxGap`
 * steps old; and for each row whether all of its features are there then.
 */
export function fillForward(options: FillOptions): { filled: Float32Array; complete: Uint8Array } {
  const { values, features, from, to, maxGap } = options
  const filled = Float32Array.from(values.subarray(from * features, to * features))
  const complete = new Uint8Array(to - from)
  const age = new Float64Array(features).fill(Infinity)
  for (let row = 0; row < to - from; row++) {
    let all = 1
    for (let feature = 0; feature < features; feature++) {
      const at = row * features + feature
      const steps = Number.isNaN(filled[at] ?? NaN) ? (age[feature] ?? Infinity) + 1 : 0
      age[feature] = steps
      if (steps > maxGap) all = 0
      else if (steps > 0) filled[at] = filled[at - features] ?? NaN
    }
    complete[row] = all
  }
  return { filled, complete }
}
