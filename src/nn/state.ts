import { ArgumentError, DeviceError, DTypeError, ShapeError } from '../engine/errors.js'
import { cut, describe, entriesOf } from '../engine/arguments.js'
import { unscoped } from '../engine/scope.js'
import { isTensor, type Tensor } from '../engine/tensor.js'
import { to } from '../ops/to.js'

/** Tensors by name. */
export type StateDict = Record<string, Tensor>

export interface LoadedState {
  /** Names of the module that the state lacked: left as they were. */
  missing: string[]
  /** Names of the state that the module lacks: ignored. */
  unexpected: string[]
}

function isMap(value: unknown): boolean {
  try {
    return value instanceof Map
  } catch {
    return false // a revoked proxy
  }
}

const OP = 'loadStateDict'

/** Puts values of `state` into `own`, all or none. */
export function loadState(
  own: StateDict,
  state: StateDict | ReadonlyMap<string, Tensor>,
  { strict = true }: { strict?: boolean },
): LoadedState {
  const given = isMap(state)
    ? (state as ReadonlyMap<string, Tensor>)
    : new Map(entriesOf(OP, state) as [string, Tensor][])
  const missing = Object.keys(own).filter((name) => !given.has(name))
  const unexpected = [...given.keys()].filter((name) => !(name in own))
  if (strict) checkNames(missing, unexpected)
  const pairs = Object.entries(own).flatMap(([name, target]) => {
    const value: unknown = given.get(name)
    return value === undefined ? [] : [{ name, target, value: checkValue(name, target, value) }]
  })
  // All copies before the first change: one that fails leaves everything as it was.
  const values = unscoped(() => pairs.map(({ target, value }) => to(value, target.device)))
  pairs.forEach(({ target }, i) => replaceValue(target, values[i] as Tensor))
  for (const value of values) value.dispose()
  return { missing, unexpected }
}

function checkNames(missing: string[], unexpected: string[]): void {
  if (missing.length + unexpected.length === 0) return
  const parts = [
    missing.length > 0 ? `no ${list(missing)}` : '',
    unexpected.length > 0 ? `unexpected ${list(unexpected)}` : '',
  ]
  throw new ArgumentError(OP, 'exactly the names of the module (strict)', parts.filter(Boolean).join(' and '))
}

const list = (names: string[]): string =>
  names.slice(0, 10).map(cut).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '')

function checkValue(name: string, target: Tensor, value: unknown): Tensor {
  if (!isTensor(value)) throw new ArgumentError(OP, `a tensor as ${name}`, describe(value))
  checkShape(OP, name, target, value)
  if (value.dtype !== target.dtype) throw new DTypeError(OP, `${name} of dtype ${target.dtype}`, value.dtype)
  return value
}

/** Both are live, and of one shape. */
function checkShape(op: string, name: string, target: Tensor, value: Tensor): void {
  value.live(op)
  target.live(op)
  if (value.shape.join() === target.shape.join()) return
  throw new ShapeError(op, `${name} of shape [${target.shape.join(', ')}]`, `[${value.shape.join(', ')}]`)
}

/** A value that can stand where `target` stands: live, of its shape, on its device. */
export function checkLike(op: string, name: string, target: Tensor, value: Tensor): void {
  checkShape(op, name, target, value)
  if (value.device !== target.device) throw new DeviceError(op, `${name} on ${target.device}`, value.device)
}

/** The tensor stays the same object, so that optimisers still know it; graph nodes keep the value that they saved. */
export function replaceValue(target: Tensor, value: Tensor): void {
  const storage = value.live(OP).retain()
  target.storage?.release()
  target.storage = storage
}
