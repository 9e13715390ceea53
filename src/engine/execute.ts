import { ArgumentError, nativeError } from './errors.js'
import { deviceNumber, dtypeNumber, native, type Device, type DType, type Handle } from './native.js'
import { Storage } from './storage.js'
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

function runNative(op: string, kernel: number, handles: (Handle | null)[]): ReturnType<typeof native.run> {
  try {
    return native.run(kernel, ...handles)
  } catch (error) {
    throw nativeError(op, error)
  }
}

let cursor = 0
let running = ''
function put(value: number): void {
  if (cursor === native.scratch.length) throw new ArgumentError(running, 'fewer tensors in one call', 'more than fit')
  native.scratch[cursor++] = value
}

function putShape(shape: Shape, dtype: DType): void {
  put(shape.length)
  put(dtypeNumber[dtype])
  for (const size of shape) put(size)
}

function putOutput(output: Required<OutputSpec> | null, inPlace: InPlace | undefined): void {
  if (output === null) {
    put(ABSENT)
    put(0)
    return
  }
  put(inPlace ? inPlace.input : FRESH)
  put(inPlace?.exclusive ? 1 : 0)
  putShape(output.shape, output.dtype)
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
  const first = inputs.find((input) => input !== undefined)
  const { device, dtype } = key ?? first ?? { device: 'cpu' as const, dtype: 'float32' as const }
  const kernel = (caller === undefined ? table : table.onBehalfOf(caller)).number(device, dtype)
  cursor = 0
  running = table.op
  put(inputs.length)
  put(outputs.length)
  put(params.length)
  const handles: (Handle | null)[] = inputs.map((input) => {
    if (input === undefined) {
      put(-1)
      return null
    }
    putShape(input.shape, input.dtype)
    return input.live(table.op).handle
  })
  outputs.forEach((output, i) => putOutput(output, inPlace[i]))
  for (const param of params) put(param)
  const result = runNative(table.op, kernel, handles)
  const results = Array.isArray(result) ? result : [result]
  return results.map((handle) => (handle === null ? undefined : new Storage(handle, device)))
}
