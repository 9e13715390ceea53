/** From what the caller wrote to tensors and options; every mistake gets one sentence. */
import { describe } from './describe.js'
import { ArgumentError, DeviceError, DTypeError } from './errors.js'
import type { Device, DType } from './native.js'
import { scalar } from './scalar.js'
import { isTensor, type Tensor } from './tensor.js'

export { cut, describe } from './describe.js'

/** What argument checks need to know of an op. */
export interface Signature {
  name: string
  /** Undefined: one array of any number of tensors. */
  names: readonly string[] | undefined
  required: number
  attrs: Record<string, unknown>
  accepts: ReadonlySet<DType>
}

export function parseArguments(
  signature: Signature,
  args: unknown[],
): { inputs: (Tensor | undefined)[]; attrs: object } {
  const { names } = signature
  if (names === undefined) {
    if (!isArray(args[0])) throw new ArgumentError(signature.name, 'an array of tensors', describe(args[0]))
    if (args.length > 2) throw new ArgumentError(signature.name, 'tensors and options', `${args.length} arguments`)
    const list: unknown[] = Array.from(args[0])
    return { inputs: toTensors(signature, list, list.length, list.length), attrs: parseOptions(signature, args[1]) }
  }
  let count = 0
  while (count < names.length && count < args.length && isInput(signature, args, count)) count++
  if (count < signature.required) {
    throw new ArgumentError(signature.name, `a tensor as ${names[count]}`, describe(args[count]))
  }
  let options: unknown
  for (let i = count; i < args.length; i++) {
    if (args[i] !== undefined && options !== undefined) {
      throw new ArgumentError(signature.name, `${names.join(', ')} and options`, `${args.length} arguments`)
    }
    options ??= args[i]
  }
  return { inputs: toTensors(signature, args, count, names.length), attrs: parseOptions(signature, options) }
}

const isInput = (signature: Signature, args: unknown[], at: number): boolean =>
  isTensor(args[at]) || typeof args[at] === 'number' || isSkipped(signature, args, at)
const isSkipped = (signature: Signature, args: unknown[], at: number): boolean =>
  args[at] === undefined && at >= signature.required && at < args.length - 1

/** The first `count` of `values`, and nothing up to `size`. Written without closures: it runs in every op. */
function toTensors(signature: Signature, values: unknown[], count: number, size: number): (Tensor | undefined)[] {
  for (let i = 0; i < count; i++) {
    const each = values[i]
    if (isTensor(each)) each.live(signature.name)
  }
  const tensors = new Array<Tensor | undefined>(size).fill(undefined)
  for (let i = 0; i < count; i++) tensors[i] = toTensor(signature, values, i, count)
  return tensors
}

function toTensor(signature: Signature, values: unknown[], i: number, count: number): Tensor | undefined {
  const each = values[i]
  if (isTensor(each) || (each === undefined && signature.names !== undefined)) return each
  if (typeof each === 'number') return scalar(each, neighbour(values, count))
  throw new ArgumentError(signature.name, `a tensor as ${labelOf(signature, i)}`, describe(each))
}

/** Whose dtype a number takes on. A condition says nothing of the numbers beside it. */
function neighbour(values: unknown[], count: number): Tensor | undefined {
  let first: Tensor | undefined
  for (let i = 0; i < count; i++) {
    const each = values[i]
    if (!isTensor(each)) continue
    if (each.dtype !== 'bool') return each
    first ??= each
  }
  return first
}

/**
 * Options over their defaults, or the error that says what is wrong with them. Arrays are copied: what the caller does
 * to them later changes nothing.
 */
export function parseOptions(signature: Pick<Signature, 'name' | 'attrs'>, options: unknown): object {
  if (options === undefined) return signature.attrs
  const { name } = signature
  const attrs = { ...signature.attrs }
  readOptions(name, options, (key, value) => {
    if (!Object.hasOwn(attrs, key)) {
      const known = Object.keys(attrs).join(', ')
      throw new ArgumentError(name, known ? `options among ${known}` : 'no options', describe(key))
    }
    if (value === undefined) return
    checkOption(name, key, value, attrs[key])
    attrs[key] = value
  })
  return attrs
}

/** An object as `{ … }` makes it; not an array, a tensor, a map, an instance of a class. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** What an object of options holds, each getter read once, arrays copied. */
export function entriesOf(name: string, options: unknown): [string, unknown][] {
  const entries: [string, unknown][] = []
  readOptions(name, options, (key, value) => entries.push([key, value]))
  return entries
}

function readOptions(name: string, options: unknown, take: (key: string, value: unknown) => void): void {
  try {
    if (!isPlain(options)) throw new ArgumentError(name, 'an object of options', describe(options))
    for (const key of Object.keys(options)) {
      take(key, copied(name, key, (options as Record<string, unknown>)[key]))
    }
    const symbols = Object.getOwnPropertySymbols(options)
    if (symbols.length > 0) throw new ArgumentError(name, 'options with names', describe(symbols[0]))
  } catch (error) {
    if (error instanceof ArgumentError) throw error
    throw new ArgumentError(name, 'options that can be read', error instanceof Error ? error.message : describe(error))
  }
}

const DEEPEST = 3
const LONGEST = 65536

/** Arrays copied, holes as undefined. */
function copied(op: string, key: string, value: unknown, depth = 0): unknown {
  if (typeof value === 'symbol' || typeof value === 'bigint') {
    throw new ArgumentError(op, `numbers or text as ${key}`, describe(value)) // which arithmetic would choke on
  }
  if (!Array.isArray(value)) return value
  if (depth === DEEPEST || value.length > LONGEST) {
    throw new ArgumentError(op, `a number or a short list of numbers as ${key}`, describe(value))
  }
  return Array.from(value, (each) => copied(op, key, each, depth + 1))
}

const hasNaN = (value: unknown): boolean => (Array.isArray(value) ? value.some(hasNaN) : Number.isNaN(value))

/** Options have the type of their default, unless that is undefined, a string or an array: then the shape rule checks. */
function checkOption(op: string, key: string, value: unknown, fallback: unknown): void {
  if (hasNaN(value)) {
    throw Array.isArray(value)
      ? new ArgumentError(op, `numbers as ${key}`, describe(value))
      : new ArgumentError(op, `a number as ${key}`, 'NaN')
  }
  if (typeof fallback === 'boolean' && typeof value !== 'boolean') {
    throw new ArgumentError(op, `true or false as ${key}`, describe(value))
  }
}

/** Also of revoked proxies, about which `Array.isArray` throws. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

const labelOf = (signature: Signature, i: number): string => signature.names?.[i] ?? `element ${i}`

/** Before anything runs: the tensors are there, and on one device. */
export function checkLive(signature: Signature, inputs: (Tensor | undefined)[]): void {
  let first: Device | undefined
  for (const input of inputs) {
    if (input === undefined) continue
    const { device } = input.live(signature.name)
    first ??= device
    if (device === first) continue
    const label = labelOf(signature, inputs.indexOf(input))
    throw new DeviceError(signature.name, `all tensors on one device`, `${first} and ${device} (${label})`)
  }
}

export function checkDTypes(signature: Signature, inputs: (Tensor | undefined)[]): void {
  for (const input of inputs) {
    if (input === undefined || signature.accepts.has(input.dtype)) continue
    const label = labelOf(signature, inputs.indexOf(input))
    throw new DTypeError(signature.name, `${label} of dtype ${[...signature.accepts].join(' or ')}`, input.dtype)
  }
}

/** One argument that must be a live tensor, for functions that are no ops. */
export function tensorArgument(op: string, name: string, value: unknown): asserts value is Tensor {
  if (!isTensor(value)) throw new ArgumentError(op, `a tensor as ${name}`, describe(value))
  value.live(op)
}

/** One argument that must be a function. */
export function functionArgument(op: string, value: unknown, name?: string): void {
  if (typeof value === 'function') return
  throw new ArgumentError(op, name === undefined ? 'a function' : `a function as ${name}`, describe(value))
}

/** One argument that must be an object whose properties can be read. */
export function objectArgument(op: string, what: string, value: unknown): asserts value is object {
  try {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value)) return
  } catch {
    // a revoked proxy
  }
  throw new ArgumentError(op, what, describe(value))
}

/** One argument that must be the path of a file. */
export function pathArgument(op: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new ArgumentError(op, 'a path', describe(value))
  }
}

export function flatten(op: string, attrs: object): number[] {
  const params: number[] = []
  for (const [key, value] of Object.entries(attrs) as [string, unknown][]) {
    if (typeof value === 'number') params.push(value)
    else if (typeof value === 'boolean') params.push(value ? 1 : 0)
    else if (Array.isArray(value) && value.every((each) => typeof each === 'number')) params.push(...value)
    else {
      const expected = `a number, boolean or list of numbers as ${key} (or a params rule)`
      throw new ArgumentError(op, expected, describe(value))
    }
  }
  return params
}
