import { ArgumentError, DTypeError, nativeError, ShapeError, within } from '../engine/errors.js'
import { describe, isArray, parseOptions } from '../engine/arguments.js'
import { requireDevice } from '../engine/devices.js'
import { execute, KernelTable } from '../engine/execute.js'
import {
  deviceNumber,
  dtypes,
  native,
  type Device,
  type DType,
  type Handle,
  type TypedArray,
} from '../engine/native.js'
import { ownShape } from '../engine/results.js'
import { checkResultShape } from '../engine/results.js'
import { Storage } from '../engine/storage.js'
import { arrayOf, sizeOf, Tensor, type DataOf, type Shape } from '../engine/tensor.js'

export interface TensorOptions<D extends DType = DType> {
  /** Default: float32; for typed arrays and booleans their own. */
  dtype?: D
  /** Default: `'cpu'`. */
  device?: Device
  /** Default: false. */
  requiresGrad?: boolean
}

/** What `tensor` accepts: numbers, booleans, nested arrays of them, typed arrays. */
export type Values = number | boolean | readonly Values[] | TypedArray | Float64Array | Uint8ClampedArray

type Booleans = boolean | readonly Booleans[]

/** The dtype that values have when none is asked for. */
export type DTypeOf<V> = V extends Int32Array
  ? 'int32'
  : V extends Uint8Array | Uint8ClampedArray
    ? 'uint8'
    : V extends Booleans
      ? 'bool'
      : 'float32'

const isTyped = (v: unknown): v is TypedArray | Float64Array | Uint8ClampedArray =>
  ArrayBuffer.isView(v) &&
  (v instanceof Float32Array ||
    v instanceof Int32Array ||
    v instanceof Uint8Array ||
    v instanceof Float64Array ||
    v instanceof Uint8ClampedArray)

// NoInfer in results: `const t: Tensor<'int32'> = tensor([1.5])` must not take its dtype from the variable.

/**
 * A tensor with a copy of `values`, made before the call returns.
 *
 * @param values a number, nested arrays (all of one length per level), or a typed array
 * @param options.shape default: the nesting of `values`; its size must be the number of values
 * @throws ShapeError for ragged arrays or a shape of another size; ArgumentError for values the dtype cannot hold
 */
export function tensor<V extends Values, D extends DType = DTypeOf<V>>(
  values: V,
  options: TensorOptions<D> & { shape?: Shape } = {},
): Tensor<NoInfer<D>> {
  const given = optionsOf('tensor', options, { shape: undefined as Shape | undefined })
  const { flat, shape: nested } = isTyped(values) ? typed(values) : flatten(values)
  const shape = given.shape === undefined ? nested : checkShape('tensor', given.shape)
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError('tensor', `${sizeOf(shape)} values for shape [${shape.join(', ')}]`, `${flat.length}`)
  }
  const dtype = (given.dtype ?? inferDType(flat)) as D
  if (given.requiresGrad) requireFloat('tensor', dtype)
  return fromArray(convert('tensor', flat, checkDType('tensor', dtype)), shape, dtype, given)
}

/** An option of every creation function, over its default. */
const common = { dtype: undefined as DType | undefined, device: 'cpu' as Device, requiresGrad: false }

/** @internal The options of a creation function, checked; `more`: those that it has beside the common ones. */
export function optionsOf<O extends object>(op: string, options: unknown, more: O): typeof common & O {
  const parsed = parseOptions({ name: op, attrs: { ...common, ...more } }, options) as typeof common & O
  checkDevice(op, parsed.device)
  if (parsed.dtype !== undefined) checkDType(op, parsed.dtype)
  return parsed
}

function typed(values: TypedArray | Float64Array | Uint8ClampedArray) {
  if (values.length === 0 && isDetached(values.buffer)) {
    throw new ArgumentError('tensor', 'values that are still there', 'an array whose buffer was transferred')
  }
  return { flat: values, shape: [values.length] }
}

/** Node 20 has no `buffer.detached`. */
function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    return new Uint8Array(buffer).length < 0
  } catch {
    return true
  }
}

/** @internal A tensor from values that already have their dtype's array. */
export function fromArray<D extends DType>(
  values: DataOf<D>,
  shape: Shape,
  dtype: D,
  { device = 'cpu', requiresGrad = false }: TensorOptions = {},
): Tensor<D> {
  const handle = write(deviceNumber[checkDevice('tensor', device)], values)
  return withRequiresGrad(new Tensor(new Storage(handle, device), ownShape('tensor', shape), dtype), requiresGrad)
}

function write(device: number, values: TypedArray): Handle {
  try {
    return native.write(device, values)
  } catch (error) {
    throw nativeError('tensor', error)
  }
}

function requireFloat(op: string, dtype: DType): void {
  if (dtype !== 'float32') throw new DTypeError(op, 'dtype float32 with requiresGrad', dtype)
}

function withRequiresGrad<D extends DType>(made: Tensor<D>, requiresGrad: boolean): Tensor<D> {
  if (requiresGrad) made.requiresGrad = true
  return made
}

function flatten(values: Values): { flat: (number | boolean)[]; shape: number[] } {
  const flat: (number | boolean)[] = []
  const shape: number[] = []
  const walk = (value: unknown, depth: number): void => {
    if (typeof value === 'number' || typeof value === 'boolean') {
      if (depth !== shape.length) throw new ShapeError('tensor', 'arrays nested equally deep', 'a ragged array')
      flat.push(value)
      return
    }
    if (!isArray(value) && !isTyped(value)) {
      throw new ArgumentError('tensor', 'numbers, booleans, nested arrays or typed arrays', describe(value))
    }
    if (depth === 8) throw new ShapeError('tensor', 'arrays nested at most 8 deep', 'deeper ones')
    if (shape.length === depth && flat.length === 0) shape.push(value.length)
    const size = shape[depth]
    if (size === undefined) throw new ShapeError('tensor', 'arrays nested equally deep', 'a ragged array')
    if (value.length !== size) {
      throw new ShapeError('tensor', `arrays of ${size} elements at depth ${depth}`, `${value.length}`)
    }
    for (const each of value) walk(each, depth + 1)
  }
  walk(values, 0)
  return { flat, shape }
}

function inferDType(flat: ArrayLike<number | boolean>): DType {
  if (flat instanceof Int32Array) return 'int32'
  if (flat instanceof Uint8Array || flat instanceof Uint8ClampedArray) return 'uint8'
  return flat.length > 0 && typeof flat[0] === 'boolean' ? 'bool' : 'float32'
}

const ranges: Readonly<Record<Exclude<DType, 'float32'>, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  uint8: [0, 255],
  bool: [0, 1],
}

function convert<D extends DType>(op: string, flat: ArrayLike<number | boolean>, dtype: D): DataOf<D> {
  const out = arrayOf(dtype, flat.length)
  const range = dtype === 'float32' ? undefined : ranges[dtype as Exclude<DType, 'float32'>]
  for (let i = 0; i < flat.length; i++) {
    const value = Number(flat[i])
    if (range !== undefined && !(Number.isInteger(value) && value >= range[0] && value <= range[1])) {
      throw new ArgumentError(op, `integers from ${range[0]} to ${range[1]} for ${dtype}`, String(value))
    }
    out[i] = value
  }
  return out
}

/** @internal */
export function checkShape(op: string, shape: unknown): Shape {
  // From, because `every` leaves out holes
  const sizes = isArray(shape) && shape.length <= 8 ? Array.from(shape) : undefined
  const ok = sizes?.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  if (!ok) throw new ShapeError(op, 'a shape: an array of at most 8 integers ≥ 0', describe(shape))
  checkResultShape(op, sizes as number[])
  return sizes as number[]
}

function checkDType<D extends DType>(op: string, dtype: D): D {
  if (!dtypes.includes(dtype)) throw new DTypeError(op, `a dtype among ${dtypes.join(', ')}`, describe(dtype))
  return dtype
}

function checkDevice(op: string, device: Device): Device {
  requireDevice(op, device)
  return device
}

const fill = {
  full: new KernelTable('fill', 'full'),
  zeros: new KernelTable('fill', 'zeros'),
  ones: new KernelTable('fill', 'ones'),
}

function filled<D extends DType>(
  op: keyof typeof fill,
  given: Shape,
  value: number,
  options: TensorOptions<D> | undefined,
): Tensor<D> {
  const shape = checkShape(op, given)
  const { device, requiresGrad, ...rest } = optionsOf(op, options, {})
  const dtype = (rest.dtype ?? 'float32') as D
  if (typeof value !== 'number') throw new ArgumentError(op, 'a number as value', describe(value))
  if (dtype !== 'float32') convert(op, [value], dtype)
  if (requiresGrad) requireFloat(op, dtype)
  const [storage] = execute(fill[op], [], [{ shape, dtype }], [value], [], { device, dtype })
  return withRequiresGrad(new Tensor(storage as Storage, ownShape('fill', shape), dtype), requiresGrad)
}

/**
 * A tensor of one value.
 *
 * @param value what every element is
 * @throws ArgumentError for a value that the dtype cannot hold
 */
export function full<D extends DType = 'float32'>(
  shape: Shape,
  value: number,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>> {
  return filled('full', shape, value, options)
}

export function zeros<D extends DType = 'float32'>(shape: Shape, options?: TensorOptions<D>): Tensor<NoInfer<D>> {
  return filled('zeros', shape, 0, options)
}

export function ones<D extends DType = 'float32'>(shape: Shape, options?: TensorOptions<D>): Tensor<NoInfer<D>> {
  return filled('ones', shape, 1, options)
}

/** How many values go through JavaScript at most: 8 GiB of doubles. */
const MOST_VALUES = 2 ** 30

/**
 * `start`, `start + step`, … up to but without `stop`; `arange(n)` counts from 0 to n − 1. float32 unless asked otherwise.
 * (tfjs: `range`)
 */
export function arange<D extends DType = 'float32'>(
  startOrStop: number,
  stop?: number,
  options: TensorOptions<D> & { step?: number } = {},
): Tensor<NoInfer<D>> {
  const { step, ...rest } = optionsOf('arange', options, { step: 1 })
  const [start, end] = [stop === undefined ? 0 : startOrStop, stop ?? startOrStop]
  if (![start, end, step].every(Number.isFinite) || step === 0) {
    throw new ArgumentError(
      'arange',
      'finite numbers and a step other than 0',
      `${describe(start)}, ${describe(end)}, step ${describe(step)}`,
    )
  }
  const count = Math.max(0, Math.ceil((end - start) / step))
  if (count > MOST_VALUES) throw new ArgumentError('arange', `at most ${MOST_VALUES} values`, `${count}`)
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step)
  return within('arange', () => tensor(values, { ...rest, dtype: (rest.dtype ?? 'float32') as D }))
}

/** The identity matrix [n, n]. */
export function eye(n: number, options: TensorOptions<'float32'> = {}): Tensor<'float32'> {
  const given = optionsOf('eye', options, {})
  if (given.dtype !== undefined && given.dtype !== 'float32') throw new DTypeError('eye', 'dtype float32', given.dtype)
  const size = sizeOf(checkShape('eye', [n, n]))
  if (size > MOST_VALUES) throw new ArgumentError('eye', `at most ${MOST_VALUES} values`, `${size}`)
  const values = new Float32Array(size)
  for (let i = 0; i < n; i++) values[i * n + i] = 1
  return within('eye', () => fromArray(values, [n, n], 'float32', given))
}
