/** From what the caller wrote to tensors and options; every mistake gets one sentence. */
import { ArgumentError, DeviceError, DTypeError } from './errors.js'
import type { DType } from './native.js'
import { scalar } from './scalar.js'
import { isTensor, type Tensor } from './tensor.js'

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
    if (!Array.isArray(args[0])) throw new ArgumentError(signature.name, 'an array of tensors', describe(args[0]))
    return { inputs: toTensors(signature, args[0] as unknown[]), attrs: parseOptions(signature, args[1]) }
  }
  let count = 0
  while (
    count < names.length &&
    count < args.length &&
    (isTensorLike(args[count]) || isSkipped(signature, args, count))
  )
    count++
  if (count < signature.required) {
    throw new ArgumentError(signature.name, `a tensor as ${names[count]}`, describe(args[count]))
  }
  const rest = args.slice(count).filter((each) => each !== undefined)
  if (rest.length > 1)
    throw new ArgumentError(signature.name, `${names.join(', ')} and options`, `${args.length} arguments`)
  const inputs = toTensors(signature, args.slice(0, count))
  while (inputs.length < names.length) inputs.push(undefined)
  return { inputs, attrs: parseOptions(signature, rest[0]) }
}

const isTensorLike = (value: unknown): boolean => isTensor(value) || typeof value === 'number'
const isSkipped = (signature: Signature, args: unknown[], at: number): boolean =>
  args[at] === undefined && at >= signature.required && at < args.length - 1

export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (isTensor(value)) return value.toString()
  if (typeof value === 'string') return `"${value}"`
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).join(', ') || 'nothing'}`
  return typeof value === 'function' ? 'a function' : String(value as bigint | boolean | null | number | symbol)
}

function toTensors(signature: Signature, values: unknown[]): (Tensor | undefined)[] {
  const tensors = values.filter(isTensor)
  // A condition says nothing of the dtype that a number beside it should have.
  const like = tensors.find((each) => each.dtype !== 'bool') ?? tensors[0]
  return values.map((value, i) => {
    if (isTensor(value) || value === undefined) return value
    if (typeof value === 'number') return scalar(value, like)
    throw new ArgumentError(signature.name, `a tensor as ${signature.names?.[i] ?? `element ${i}`}`, describe(value))
  })
}

/** Options over their defaults, or the error that says what is wrong with them. */
export function parseOptions(signature: Pick<Signature, 'name' | 'attrs'>, options: unknown): object {
  if (options === undefined) return signature.attrs
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ArgumentError(signature.name, 'an object of options', describe(options))
  }
  const attrs = { ...signature.attrs }
  for (const [key, value] of Object.entries(options)) {
    if (!(key in attrs)) {
      const known = Object.keys(attrs).join(', ')
      throw new ArgumentError(signature.name, known ? `options among ${known}` : 'no options', `"${key}"`)
    }
    if (value === undefined) continue
    checkOption(signature.name, key, value, attrs[key])
    attrs[key] = value
  }
  return attrs
}

/** Options have the type of their default, unless that is undefined, a string or an array: then the shape rule checks. */
function checkOption(op: string, key: string, value: unknown, fallback: unknown): void {
  const numeric = typeof value === 'number'
  if (numeric && Number.isNaN(value)) throw new ArgumentError(op, `a number as ${key}`, 'NaN')
  if (Array.isArray(value) && value.some((each) => Number.isNaN(each))) {
    throw new ArgumentError(op, `numbers as ${key}`, describe(value))
  }
  if (typeof fallback === 'boolean' && typeof value !== 'boolean') {
    throw new ArgumentError(op, `true or false as ${key}`, describe(value))
  }
}

export function checkInputs(signature: Signature, inputs: (Tensor | undefined)[]): void {
  const first = inputs.find((input) => input !== undefined)
  inputs.forEach((input, i) => {
    if (input === undefined) return
    const label = signature.names?.[i] ?? `element ${i}`
    const { device } = input.live(signature.name)
    if (first !== undefined && device !== first.device) {
      throw new DeviceError(signature.name, `all tensors on one device`, `${first.device} and ${device} (${label})`)
    }
    if (!signature.accepts.has(input.dtype)) {
      throw new DTypeError(signature.name, `${label} of dtype ${[...signature.accepts].join(' or ')}`, input.dtype)
    }
  })
}

export function flatten(op: string, attrs: object): number[] {
  return Object.entries(attrs).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === 'number') return [value]
    if (typeof value === 'boolean') return [value ? 1 : 0]
    if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value as number[]
    throw new ArgumentError(op, `a number, boolean or list of numbers as ${key} (or a params rule)`, describe(value))
  })
}
