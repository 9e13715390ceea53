import { ArgumentError, DTypeError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { execute, KernelTable } from '../engine/execute.js'
import {
  deviceNumber,
  deviceNames,
  dtypes,
  native,
  type Device,
  type DType,
  type TypedArray,
} from '../engine/native.js'
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
  v instanceof Float32Array ||
  v instanceof Int32Array ||
  v instanceof Uint8Array ||
  v instanceof Float64Array ||
  v instanceof Uint8ClampedArray

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
  const { flat, shape: nested } = isTyped(values) ? { flat: values, shape: [values.length] } : flatten(values)
  const shape = options.shape === undefined ? nested : checkShape('tensor', options.shape)
  if (sizeOf(shape) !== flat.length) {
    throw new ShapeError('tensor', `${sizeOf(shape)} values for shape [${shape.join(', ')}]`, `${flat.length}`)
  }
  const dtype = (options.dtype ?? inferDType(flat)) as D
  return fromArray(convert('tensor', flat, checkDType('tensor', dtype)), shape, dtype, options)
}

/** @internal A tensor from values that already have their dtype's array. */
export function fromArray<D extends DType>(
  values: DataOf<D>,
  shape: Shape,
  dtype: D,
  { device = 'cpu', requiresGrad = false }: TensorOptions = {},
): Tensor<D> {
  const storage = new Storage(native.write(deviceNumber[checkDevice('tensor', device)], values), device)
  return withRequiresGrad(new Tensor(storage, [...shape], dtype), requiresGrad)
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
    if (!Array.isArray(value) && !isTyped(value)) {
      throw new ArgumentError('tensor', 'numbers, booleans, nested arrays or typed arrays', describe(value))
    }
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
  const ok = Array.isArray(shape) && shape.length <= 8 && shape.every((size) => Number.isSafeInteger(size) && size >= 0)
  if (!ok) throw new ShapeError(op, 'a shape: an array of at most 8 integers ≥ 0', describe(shape))
  return shape as Shape
}

function checkDType<D extends DType>(op: string, dtype: D): D {
  if (!dtypes.includes(dtype)) throw new DTypeError(op, `a dtype among ${dtypes.join(', ')}`, describe(dtype))
  return dtype
}

function checkDevice(op: string, device: Device): Device {
  if (!deviceNames.includes(device))
    throw new ArgumentError(op, `a device among ${deviceNames.join(', ')}`, describe(device))
  if (device === 'cuda')
    throw new ArgumentError(op, 'a device that this build has', 'cuda, whose backend is not there yet')
  return device
}

const fillKernel = new KernelTable('fill')

function filled<D extends DType>(
  op: string,
  shape: Shape,
  value: number,
  { dtype = 'float32' as D, device = 'cpu', requiresGrad = false }: TensorOptions<D> = {},
): Tensor<D> {
  checkShape(op, shape)
  if (typeof value !== 'number') throw new ArgumentError(op, 'a number as value', describe(value))
  if (checkDType(op, dtype) !== 'float32') convert(op, [value], dtype)
  const key = { device: checkDevice(op, device), dtype }
  const [storage] = execute(fillKernel, [], [{ shape, dtype }], [value], [], key)
  return withRequiresGrad(new Tensor(storage as Storage, [...shape], dtype), requiresGrad)
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

/**
 * `start`, `start + step`, … up to but without `stop`; `arange(n)` counts from 0 to n − 1. float32 unless asked otherwise.
 * (tfjs: `range`)
 */
export function arange<D extends DType = 'float32'>(
  startOrStop: number,
  stop?: number,
  options: TensorOptions<D> & { step?: number } = {},
): Tensor<NoInfer<D>> {
  const [start, end, step] = [stop === undefined ? 0 : startOrStop, stop ?? startOrStop, options.step ?? 1]
  if (![start, end, step].every(Number.isFinite) || step === 0) {
    throw new ArgumentError('arange', 'finite numbers and a step other than 0', `${start}, ${end}, step ${step}`)
  }
  const count = Math.max(0, Math.ceil((end - start) / step))
  const values = Float64Array.from({ length: count }, (_, i) => start + i * step)
  return tensor(values, { ...options, dtype: options.dtype ?? ('float32' as D) })
}

/** The identity matrix [n, n]. */
export function eye(n: number, options: TensorOptions<'float32'> = {}): Tensor<'float32'> {
  const values = new Float32Array(sizeOf(checkShape('eye', [n, n])))
  for (let i = 0; i < n; i++) values[i * n + i] = 1
  return fromArray(values, [n, n], 'float32', options)
}
