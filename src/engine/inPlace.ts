/** The one way to replace a tensor's value: for optimisers and running statistics, nobody else. */
import { execute, type InPlace, type KernelTable, type OutputSpec } from './execute.js'
import type { Storage } from './storage.js'
import type { Tensor } from './tensor.js'

/** An output that becomes the new value of input `update`. */
export interface Update {
  update: number
}

export type UpdatingOutput = Required<OutputSpec> | Update | null

/**
 * Runs a kernel of which some outputs are the new values of some inputs. They are written in place when nobody else
 * holds the value; otherwise (a graph node saved it, another tensor shares it) the tensor moves to a fresh buffer, and
 * the others keep the old value.
 *
 * @returns per output its storage; undefined for updates and absent outputs
 */
export function updateInPlace(
  table: KernelTable,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly UpdatingOutput[],
  params: readonly number[],
): (Storage | undefined)[] {
  const targets = outputs.map((output) => (isUpdate(output) ? (inputs[output.update] as Tensor) : undefined))
  const specs = outputs.map((output, i) => targets[i] ?? (output as Required<OutputSpec> | null))
  const inPlace = outputs.map((output, i): InPlace | undefined =>
    isUpdate(output) ? { input: output.update, exclusive: targets[i]?.live(table.name).exclusive ?? false } : undefined,
  )
  return execute(table, inputs, specs, params, inPlace).map((storage, i) => {
    const target = targets[i]
    if (target === undefined) return storage
    if (storage === undefined) {
      target.storage?.overwritten()
      return undefined
    }
    target.storage?.release()
    target.storage = storage
    return undefined
  })
}

const isUpdate = (output: UpdatingOutput): output is Update => output !== null && 'update' in output
