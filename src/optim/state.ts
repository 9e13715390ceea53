import { describe } from '../engine/arguments.js'
import { ArgumentError, ShapeError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { sameShape } from '../ops/broadcast.js'

/** What an optimiser knows beside its parameters: tensors by name (for a safetensors file), the rest as plain JSON. */
export interface OptimizerState {
  tensors: Record<string, Tensor>
  meta: {
    optimizer: string
    /** The options of each group and how many parameters it has. */
    groups: { options: Record<string, unknown>; parameters: number }[]
    /** Updates so far, per parameter. */
    steps: number[]
  }
}

/** Throws ArgumentError unless the state is of this kind of optimiser, over groups of the same sizes. */
export function checkMeta(
  name: string,
  meta: OptimizerState['meta'],
  own: readonly { parameters: readonly Tensor[] }[],
): void {
  if (meta.optimizer !== name) {
    throw new ArgumentError(`${name}.loadStateDict`, `a state of ${name}`, `one of ${meta.optimizer}`)
  }
  const sizes = (groups: readonly number[]) => `groups of ${groups.join(', ')} parameters`
  const expected = sizes(own.map(({ parameters }) => parameters.length))
  const received = sizes(meta.groups.map(({ parameters }) => parameters))
  if (expected !== received) throw new ArgumentError(`${name}.loadStateDict`, expected, received)
}

/** Throws ShapeError unless what was kept for a parameter has its shape. */
export function checkSlots(
  name: string,
  parameter: Tensor,
  index: number,
  slots: readonly (Tensor | undefined)[],
): void {
  for (const slot of slots) {
    if (slot === undefined || (slot.dtype === 'float32' && sameShape(slot.shape, parameter.shape))) continue
    const expected = `float32 of shape [${parameter.shape.join(', ')}] for parameter ${index}`
    throw new ShapeError(`${name}.loadStateDict`, expected, describe(slot))
  }
}
