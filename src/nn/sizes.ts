import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'

/** A number of features, channels, …: an integer of at least 1. */
export function sizeArgument(layer: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new ArgumentError(layer, `an integer ≥ 1 as ${name}`, describe(value))
}
