/** From what the caller wrote to groups of parameters with complete options; every mistake gets one sentence. */
import { describe, entriesOf, isArray } from '../engine/arguments.js'
import { ArgumentError, DTypeError } from '../engine/errors.js'
import { isTensor, type Tensor } from '../engine/tensor.js'

/** Some parameters, with the options that differ from the optimiser's. */
export type ParameterGroup<O> = Partial<O> & { parameters: Iterable<Tensor> }

/** Parameters with the options that `step` uses. Options may be changed between steps. */
export type Group<O> = Required<O> & { readonly parameters: readonly Tensor[] }

/** What a value must be: its description where it is not that. */
export type Check = (value: unknown) => string | undefined

export const atLeastZero: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : 'a finite number of at least 0'

export const finite: Check = (value) => (Number.isFinite(value) ? undefined : 'a finite number')

export const trueOrFalse: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false')

export const twoBetas: Check = (value) => {
  const inRange = (beta: unknown) => typeof beta === 'number' && beta >= 0 && beta < 1
  return isArray(value) && value.length === 2 && value.every(inRange) ? undefined : 'two numbers in [0, 1)'
}

export type Checks<O> = Record<keyof O & string, Check>

export function checkOptions<O extends object>(name: string, options: O, checks: Checks<O>): void {
  for (const key of Object.keys(checks) as (keyof O & string)[]) {
    const expected = checks[key](options[key])
    if (expected !== undefined) throw new ArgumentError(name, `${expected} as ${key}`, describe(options[key]))
  }
}

/** `defaults` with what `given` has of them. */
export function merge<O extends object>(name: string, defaults: O, given: object, checks: Checks<O>): O {
  const known = Object.keys(checks)
  const wanted = entriesOf(name, given).filter(([, value]) => value !== undefined)
  const unknown = wanted.find(([key]) => !known.includes(key))
  if (unknown !== undefined) throw new ArgumentError(name, `options among ${known.join(', ')}`, describe(unknown[0]))
  const merged: O = { ...defaults, ...Object.fromEntries(wanted) }
  checkOptions(name, merged, checks)
  return merged
}

/** What an iterable gives; undefined of anything else. */
function listOf(value: unknown): unknown[] | undefined {
  try {
    return typeof value === 'object' && value !== null && Symbol.iterator in value
      ? [...(value as Iterable<unknown>)]
      : undefined
  } catch {
    return undefined // a proxy or an array that is no more
  }
}

/** The parameters of an iterable, each a float32 tensor that no op made, none twice. */
export function listParameters(name: string, parameters: unknown, seen = new Set<Tensor>()): Tensor[] {
  const given = listOf(parameters)
  if (given === undefined) throw new ArgumentError(name, 'an iterable of tensors', describe(parameters))
  const list = given.map((each) => {
    if (!isTensor(each)) throw new ArgumentError(name, 'tensors as parameters', describe(each))
    if (each.dtype !== 'float32') throw new DTypeError(name, 'parameters of dtype float32', each.dtype)
    if (each.edge !== undefined) throw new ArgumentError(name, 'parameters that no op made', describe(each))
    if (seen.has(each)) throw new ArgumentError(name, 'each parameter once', `${describe(each)} twice`)
    each.live(name)
    seen.add(each)
    return each
  })
  if (list.length === 0) throw new ArgumentError(name, 'at least one parameter', 'none')
  return list
}

/** Groups from an iterable of tensors (one group) or of groups. */
export function makeGroups<O extends object>(
  name: string,
  parameters: Iterable<Tensor> | Iterable<ParameterGroup<O>>,
  defaults: Required<O>,
  checks: Checks<Required<O>>,
): Group<O>[] {
  const listed = listOf(parameters)
  const given = listed ?? []
  const grouped = given.length > 0 && given.every(isGroup)
  if (!grouped) return [{ ...defaults, parameters: listParameters(name, listed ?? parameters) }]
  const seen = new Set<Tensor>()
  return given.map((each) => {
    const { parameters: own, ...options } = Object.fromEntries(entriesOf(name, each)) as ParameterGroup<O>
    return { ...merge(name, defaults, options, checks), parameters: listParameters(name, own, seen) }
  })
}

function isGroup(value: unknown): boolean {
  try {
    return !isTensor(value) && isObject(value) && 'parameters' in value
  } catch {
    return false // a revoked proxy
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
