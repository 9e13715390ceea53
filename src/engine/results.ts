/** What shape and parameter rules gave, checked before the addon sees it: also those of ops that a program defines. */
import { describe } from './describe.js'
import { ArgumentError, ShapeError } from './errors.js'
import type { OutputSpec } from './execute.js'
import type { Shape } from './tensor.js'

const MAX_RANK = 8

export function checkOutputs(op: string, outputs: readonly (OutputSpec | null)[]): void {
  for (const output of outputs) if (output !== null) checkResultShape(op, output.shape)
}

/** At most 8 axes, each an integer, together few enough elements to count. */
export function checkResultShape(op: string, shape: Shape): void {
  let count = 4 // bytes of an element; a size of 0 must not hide that the others overflow
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(op, 'sizes of the result to be integers ≥ 0', describe(shape))
    }
    if (size > 0) count *= size
  }
  if (shape.length > MAX_RANK) throw new ShapeError(op, `a result of at most ${MAX_RANK} axes`, `${shape.length}`)
  if (!Number.isSafeInteger(count)) {
    throw new ShapeError(op, 'a result that fits in memory', `shape [${shape.join(', ')}]`)
  }
}

export function checkParams(op: string, params: readonly unknown[]): void {
  const wrong = params.find((each) => typeof each !== 'number')
  if (params.every((each) => typeof each === 'number')) return
  throw new ArgumentError(op, 'numbers as options', describe(wrong))
}
