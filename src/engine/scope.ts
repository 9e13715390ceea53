import { ArgumentError } from './errors.js'
import { isTensor, type Tensor } from './tensor.js'

/** Tensors made while a scope was the innermost one. Those that it still releases refer to it. */
export type Scope = Tensor[]

/** The innermost open scope, if any. */
let current: Scope | undefined

/** Every new tensor reports here. */
export function track(tensor: Tensor): void {
  if (current === undefined) return
  tensor.scope = current
  current.push(tensor)
}

/** Takes a tensor out of the scopes that would release it: it lives until disposed of or collected. */
export function keep<T extends Tensor>(tensor: T): T {
  if (isTensor(tensor) && tensor.scope === current) tensor.scope = undefined
  return tensor
}

/** Runs `f` as if outside of any scope: what it makes is left alone. */
export function unscoped<T>(f: () => T): T {
  const outer = current
  current = undefined
  try {
    return f()
  } finally {
    current = outer
  }
}

export function refusePromise(op: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function') {
    if (value instanceof Promise) value.catch(() => undefined) // its own failure would only hide this one
    throw new ArgumentError(op, 'a synchronous function', 'one that returned a promise')
  }
}

/** Calls `found` for each tensor inside nested arrays, maps and plain objects. */
function visitTensors(value: unknown, found: (t: Tensor) => void): void {
  if (isTensor(value)) found(value)
  else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) visitTensors(value[i], found)
  else if (value instanceof Map) for (const item of value.values()) visitTensors(item, found)
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) visitTensors(item, found)
  }
}

/** Runs `f`; releases the tensors it made, except those that it returns. See the public `tidy`. */
export function scoped<T>(op: string, f: () => T): T {
  const outer = current
  const mine: Scope = []
  current = mine
  try {
    const result = f()
    refusePromise(op, result)
    visitTensors(result, (tensor) => {
      if (tensor.scope === mine) handOver(tensor, outer)
    })
    return result
  } finally {
    current = outer
    for (let i = 0; i < mine.length; i++) release(mine[i] as Tensor, mine)
  }
}

function handOver(tensor: Tensor, outer: Scope | undefined): void {
  tensor.scope = outer
  outer?.push(tensor)
}

function release(tensor: Tensor, scope: Scope): void {
  if (tensor.scope !== scope) return
  tensor.scope = undefined // who holds the tensor still would hold all of them
  tensor.dispose()
}
