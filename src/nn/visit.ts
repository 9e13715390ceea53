import { isTensor, type Tensor } from '../engine/tensor.js'

/** Where a tensor or a module hangs: in a module, an array, a map or a plain object. */
export type Holder = object

/** One tensor of a module's state. */
export interface Slot {
  name: string
  value: Tensor
  holder: Holder
  key: string
}

/**
 * Calls `found` for each tensor and module that hangs on `holder` by its own enumerable properties, also inside arrays,
 * maps and plain objects; does not look into the modules it finds.
 */
export function visitMembers<M extends object>(
  holder: Holder,
  isModule: (value: unknown) => value is M,
  found: (value: Tensor | M, name: string, holder: Holder, key: string) => void,
  prefix = '',
  containers = new Set<object>(),
): void {
  const visit = (key: string, value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    if (isTensor(value) || isModule(value)) found(value, prefix + key, holder, key)
    else if (isContainer(value) && !containers.has(value)) {
      containers.add(value)
      visitMembers(value, isModule, found, `${prefix}${key}.`, containers)
    }
  }
  if (holder instanceof Map) for (const [key, value] of holder) visit(String(key), value)
  else for (const [key, value] of Object.entries(holder)) visit(key, value)
}

/** What tensors and modules may hang in, beside modules. */
export const isContainer = (value: object): boolean =>
  Array.isArray(value) || value instanceof Map || Object.getPrototypeOf(value) === Object.prototype

/** Puts another tensor where the slot's hangs. */
export function assign({ holder, key }: Slot, value: Tensor): void {
  if (holder instanceof Map) (holder as Map<string, Tensor>).set(key, value)
  else Object.assign(holder, { [key]: value })
}

/** What hangs there now. */
export function read({ holder, key }: Slot): unknown {
  return holder instanceof Map ? holder.get(key) : (holder as Record<string, unknown>)[key]
}
