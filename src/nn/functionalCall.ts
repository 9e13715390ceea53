import { describe, entriesOf, tensorArgument } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { isModule, slotsOf, type Module } from './module.js'
import { checkLike } from './state.js'
import { assign, read, type Slot } from './visit.js'

/**
 * `module.call(...inputs)` with other tensors in place of some parameters or buffers; gradients flow through them, so
 * that updated parameters can be differentiated with respect to the original ones (MAML). The module is as before
 * afterwards, also when the call throws.
 *
 * @param parameters replacements by name; what is not named stays
 * @throws ArgumentError for a name that the module lacks, ShapeError for another shape
 */
export function functionalCall<In extends readonly unknown[], Out>(
  module: Module<In, Out>,
  parameters: Readonly<Record<string, Tensor>>,
  ...inputs: In
): Out {
  if (!isModule(module)) throw new ArgumentError('functionalCall', 'a module', describe(module))
  const replaced = replacements(slotsOf(module), parameters)
  for (const { slot, value } of replaced) assign(slot, value)
  try {
    return module.call(...inputs)
  } finally {
    for (const { slot, value } of replaced) if (read(slot) === value) assign(slot, slot.value)
  }
}

/** A tensor that hangs in several places (tied weights) is replaced in all of them. */
function replacements(slots: Slot[], parameters: Readonly<Record<string, Tensor>>): { slot: Slot; value: Tensor }[] {
  return entriesOf('functionalCall', parameters).flatMap(([name, value]) => {
    const original = slots.find((slot) => slot.name === name)?.value
    if (original === undefined) {
      throw new ArgumentError('functionalCall', 'names of parameters or buffers of the module', describe(name))
    }
    tensorArgument('functionalCall', name, value)
    checkLike('functionalCall', name, original, value)
    return slots.filter((slot) => slot.value === original).map((slot) => ({ slot, value }))
  })
}
