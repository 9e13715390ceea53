import { describe, objectArgument } from '../engine/arguments.js'
import { ArgumentError, DataError } from '../engine/errors.js'
import { fillForward } from './fill.js'
import { everyIndex, gather, type FilledPart, type WindowBatch } from './windowBatch.js'

export interface WindowOptions {
  /** Scaled features, row-major [length, features]; NaN = missing. */
  values: Float32Array | Float64Array
  features: number
  /** The predicted column [length] in its unit; NaN = missing. */
  target: Float64Array
  /** Steps that a model sees, the last of which is the origin. */
  history: number
  /** Steps after the origin that are to be forecast. */
  horizon: number
  /** First row of the part. Default: 0. */
  from?: number
  /** Row after the last of the part. Default: length. */
  to?: number
  /** Most steps that an input is carried forward. Default: 6. */
  maxGap?: number
  /** Steps between the origins that are tried, counted from the part's first. Default: 1. */
  stride?: number
  /** Another condition on a window, such as a label that a baseline needs. `origin` is a row. */
  keep?: (origin: number) => boolean
}

/** Windows by number, 0 … count − 1. */
export interface Windows {
  readonly count: number
  readonly history: number
  readonly horizon: number
  readonly features: number
  /** Windows that were tried and left out: an input or a label was missing, or `keep` refused. */
  readonly dropped: { readonly inputs: number; readonly labels: number; readonly refused: number }
  /** Builds the arrays of the given windows. Default: all. */
  batch(indices?: ArrayLike<number>): WindowBatch
}

/**
 * The windows of rows `from` … `to` − 1 whose history and labels are complete and lie inside the part. Inputs are filled
 * forward over at most `maxGap` steps and never from outside of the part; labels and origins are never filled.
 * Arrays are built when asked for: what is kept is one filled copy of the part. Throws ArgumentError.
 */
export function windows(options: WindowOptions): Windows {
  objectArgument('windows', 'an object of options', options)
  const { values, features, target, history, horizon } = options
  for (const [name, each] of Object.entries({ values, target })) {
    if (each instanceof Float64Array || each instanceof Float32Array) continue
    throw new ArgumentError('windows', `an array of numbers (Float64Array) as ${name}`, describe(each))
  }
  const { from = 0, to = target.length, maxGap = 6 } = options
  checkOptions(options, { from, to, maxGap })
  const { filled, complete } = fillForward({ values, features, from, to, maxGap })
  const { origins, dropped } = findOrigins(options, complete, from, to)
  const source: FilledPart = { filled, from, target, origins, history, horizon, features }
  const batch = (indices: ArrayLike<number> = everyIndex(origins.length)): WindowBatch => gather(indices, source)
  return { count: origins.length, history, horizon, features, dropped, batch }
}

function findOrigins(options: WindowOptions, complete: Uint8Array, from: number, to: number) {
  const { target, history, horizon, stride = 1, keep = () => true } = options
  const dropped = { inputs: 0, labels: 0, refused: 0 }
  const origins: number[] = []
  const inputRun = runLengths(to - from, (i) => complete[i] === 1)
  const labelRun = runLengths(to - from, (i) => !Number.isNaN(target[from + i] ?? NaN))
  for (let origin = from + history - 1; origin + horizon < to; origin += stride) {
    if ((inputRun[origin - from] ?? 0) < history) dropped.inputs++
    else if ((labelRun[origin + horizon - from] ?? 0) <= horizon) dropped.labels++
    else if (!keep(origin)) dropped.refused++
    else origins.push(origin)
  }
  return { origins: Int32Array.from(origins), dropped }
}

/** Throws a DataError that says why there is no window in a part, called by `name`. */
export function requireWindows(set: Windows, name: string): Windows {
  if (set.count > 0) return set
  const { inputs, labels, refused } = set.dropped
  const tried = inputs + labels + refused
  const reason = tried
    ? `of ${tried} possible ones ${inputs} miss an input, ${labels} a label or the value at the origin, ${refused} another value`
    : 'it has too few rows'
  throw new DataError(
    `${name}: expected at least one window of ${set.history} + ${set.horizon} steps, found none: ${reason}`,
  )
}

/** How many items up to and including each hold without a break. */
function runLengths(length: number, holds: (index: number) => boolean): Int32Array {
  const runs = new Int32Array(length)
  for (let i = 0; i < length; i++) runs[i] = holds(i) ? (runs[i - 1] ?? 0) + 1 : 0
  return runs
}

function checkOptions(options: WindowOptions, part: { from: number; to: number; maxGap: number }): void {
  const { values, features, target, history, horizon, stride = 1 } = options
  const integer = (name: string, value: number, least: number): void => {
    if (!Number.isSafeInteger(value) || value < least)
      throw new ArgumentError('windows', `${name} to be an integer of at least ${least}`, String(value))
  }
  for (const [name, value] of Object.entries({ features, history, horizon, stride })) integer(name, value, 1)
  for (const [name, value] of Object.entries(part)) integer(name, value, 0)
  const { length } = target
  if (values.length !== length * features)
    throw new ArgumentError('windows', `values [${length}, ${features}]`, `${values.length} values`)
  if (part.from > part.to || part.to > length)
    throw new ArgumentError('windows', `0 ≤ from ≤ to ≤ ${length}`, `from ${part.from}, to ${part.to}`)
}
