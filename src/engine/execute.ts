import { ArgumentError, nativeError } from './errors.js'
import { deviceNumber, dtypeNumber, native, type Device, type DType, type Handle } from './native.js'
import { spareHandle, Storage } from './storage.js'
import type { Shape, Tensor } from './tensor.js'

export interface OutputSpec {
  shape: Shape
  dtype?: DType
}

/** The kernels of one name, resolved at their first use per device and dtype. */
export class KernelTable {
  readonly #resolved: (number | undefined)[] = []
  readonly #onBehalf = new Map<string, KernelTable>()

  /** @param op what failures of these kernels name */
  constructor(
    readonly name: string,
    readonly op = name,
  ) {}

  /** The same kernels, whose failures name another op. */
  onBehalfOf(op: string): KernelTable {
    const found = this.#onBehalf.get(op)
    if (found !== undefined) return found
    const made = new KernelTable(this.name, op)
    this.#onBehalf.set(op, made)
    return made
  }

  number(device: Device, dtype: DType): number {
    const slot = deviceNumber[device] * 8 + dtypeNumber[dtype]
    return (this.#resolved[slot] ??= this.resolve(device, dtype))
  }

  private resolve(device: Device, dtype: DType): number {
    const found = native.kernel(this.name, deviceNumber[device], dtypeNumber[dtype], this.op)
    if (found >= 0) return found
    const others = native.kernels().filter((kernel) => kernel.name === this.name)
    const known = new Set(others.map((kernel) => `${kernel.device} ${kernel.dtype}`))
    throw new ArgumentError(
      this.op,
      `a kernel for ${device} ${dtype}`,
      known.size > 0 ? `kernels for ${[...known].join(', ')} only` : 'none of that name (see loadKernels)',
    )
  }
}

/** The op that the user called, while the ops that it is composed of run. */
let caller: string | undefined

/** Runs a composition: when a kernel in it fails, the message names `op`. */
export function calledAs<T>(op: string, f: () => T): T {
  const outer = caller
  caller ??= op
  try {
    return f()
  } finally {
    caller = outer
  }
}

const ABSENT = -2
const FRESH = -1

/** An output that replaces the value of input `input`; written in place when `exclusive`. */
export interface InPlace {
  input: number
  exclusive: boolean
}

const { scratch } = native

function putShape(start: number, shape: Shape, dtype: DType): number {
  let at = start
  scratch[at++] = shape.length
  scratch[at++] = dtypeNumber[dtype]
  for (let axis = 0; axis < shape.length; axis++) scratch[at++] = shape[axis] as number
  return at
}

function putOutput(at: number, output: Required<OutputSpec> | null, inPlace: InPlace | undefined): number {
  if (output === null) {
    scratch[at] = ABSENT
    scratch[at + 1] = 0
    return at + 2
  }
  scratch[at] = inPlace ? inPlace.input : FRESH
  scratch[at + 1] = inPlace?.exclusive ? 1 : 0
  return putShape(at + 2, output.shape, output.dtype)
}

/** Describes the call in the scratch array; numbers past its end go nowhere. Returns the arguments of `run`. */
function describeCall(
  op: string,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly (Required<OutputSpec> | null)[],
  params: readonly number[],
  inPlace: readonly (InPlace | undefined)[],
): (Handle | null)[] {
  scratch[0] = inputs.length
  scratch[1] = outputs.length
  scratch[2] = params.length
  let at = 3
  const handles = new Array<Handle | null>(inputs.length)
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]
    if (input === undefined) scratch[at++] = -1
    else at = putShape(at, input.shape, input.dtype)
    handles[i] = input === undefined ? null : input.live(op).handle
  }
  for (let i = 0; i < outputs.length; i++) at = putOutput(at, outputs[i] ?? null, inPlace[i])
  for (const param of params) scratch[at++] = param
  if (at > scratch.length) throw new ArgumentError(op, 'fewer tensors in one call', 'more than fit')
  return handles
}

function runNative(op: string, kernel: number, handles: readonly (Handle | null)[]): ReturnType<typeof native.run> {
  try {
    return native.run(kernel, ...handles)
  } catch (error) {
    throw nativeError(op, error)
  }
}

const storageOf = (handle: Handle | null, device: Device): Storage | undefined =>
  handle === null ? undefined : new Storage(handle, device)

const CPU_FLOAT = { device: 'cpu', dtype: 'float32' } as const

function firstOf(inputs: readonly (Tensor | undefined)[]): Tensor | undefined {
  for (const input of inputs) if (input !== undefined) return input
  return undefined
}

/**
 * The one way to a kernel: describes the call in the shared scratch array and queues it. The first present input gives
 * device and dtype of the kernel (`key` where there is none). Results: storages of fresh outputs; undefined for absent
 * ones and for those written in place.
 */
export function execute(
  table: KernelTable,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly (Required<OutputSpec> | null)[],
  params: readonly number[],
  inPlace: readonly (InPlace | undefined)[] = [],
  key?: { device: Device; dtype: DType },
): (Storage | undefined)[] {
  const { device, dtype } = key ?? firstOf(inputs) ?? CPU_FLOAT
  const kernel = (caller === undefined ? table : table.onBehalfOf(caller)).number(device, dtype)
  const handles = describeCall(table.op, inputs, outputs, params, inPlace)
  for (let i = 0; i < outputs.length; i++) {
    const spare = outputs[i] && inPlace[i] === undefined ? spareHandle() : undefined
    if (spare !== undefined) handles.push(spare)
  }
  const result = runNative(table.op, kernel, handles)
  if (!Array.isArray(result) && outputs.length === 1) return [storageOf(result, device)]
  const storages = new Array<Storage | undefined>(outputs.length).fill(undefined)
  if (!Array.isArray(result)) return storages
  for (let i = 0; i < result.length; i++) storages[i] = storageOf(result[i] ?? null, device)
  return storages
}
