/** The number formats that a safetensors file can have, and what they become. */
import type { DataOf } from '../engine/tensor.js'
import type { DType } from '../engine/native.js'

/** Values that the dtype cannot hold: says which one. */
export class Unrepresentable extends Error {}

export interface Format {
  /** As the file names it. */
  name: string
  /** Per value. */
  bytes: number
  dtype: DType
  /** From the file's bytes, which begin at an 8-byte boundary of their buffer. Throws Unrepresentable. */
  decode: (bytes: Uint8Array) => DataOf<DType>
}

type Wide = Float32Array | Float64Array | Int8Array | Int16Array | Uint16Array | Int32Array | Uint32Array
type View<T> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T

const viewOf = <T extends Wide>(bytes: Uint8Array, type: View<T> & { BYTES_PER_ELEMENT: number }): T =>
  new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / type.BYTES_PER_ELEMENT)

function checkedFloats(values: Float64Array): Float32Array {
  const out = Float32Array.from(values)
  const lost = out.findIndex((value, i) => Math.abs(value) === Infinity && Number.isFinite(values[i]))
  if (lost >= 0) throw new Unrepresentable(String(values[lost]))
  return out
}

function checkedBools(bytes: Uint8Array): Uint8Array {
  const wrong = bytes.find((value) => value > 1)
  if (wrong !== undefined) throw new Unrepresentable(String(wrong))
  return bytes
}

function unsigned(values: Uint32Array): Int32Array {
  const wrong = values.find((value) => value > 0x7fffffff)
  if (wrong !== undefined) throw new Unrepresentable(String(wrong))
  return Int32Array.from(values)
}

/** 64-bit integers as their low halves, where the high ones only repeat the sign (unsigned: are 0). */
function narrowed(bytes: Uint8Array, signed: boolean): Int32Array {
  const halves = viewOf(bytes, Int32Array)
  return Int32Array.from({ length: halves.length / 2 }, (_, i) => {
    const [low, high] = [halves[2 * i] as number, halves[2 * i + 1] as number]
    if (high === low >> 31 && (signed || low >= 0)) return low
    const whole = (BigInt(high) << 32n) | BigInt(low >>> 0)
    throw new Unrepresentable(String(signed ? whole : BigInt.asUintN(64, whole)))
  })
}

function brainFloats(values: Uint16Array): Float32Array {
  const bits = Uint32Array.from(values, (value) => value << 16)
  return new Float32Array(bits.buffer)
}

/** IEEE 754 binary16. */
function halfFloats(values: Uint16Array): Float32Array {
  return Float32Array.from(values, (bits) => {
    const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
    if (exponent === 31) return fraction ? NaN : sign * Infinity
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
  })
}

const list: Format[] = [
  { name: 'F32', bytes: 4, dtype: 'float32', decode: (bytes) => viewOf(bytes, Float32Array) },
  { name: 'F64', bytes: 8, dtype: 'float32', decode: (bytes) => checkedFloats(viewOf(bytes, Float64Array)) },
  { name: 'F16', bytes: 2, dtype: 'float32', decode: (bytes) => halfFloats(viewOf(bytes, Uint16Array)) },
  { name: 'BF16', bytes: 2, dtype: 'float32', decode: (bytes) => brainFloats(viewOf(bytes, Uint16Array)) },
  { name: 'I64', bytes: 8, dtype: 'int32', decode: (bytes) => narrowed(bytes, true) },
  { name: 'I32', bytes: 4, dtype: 'int32', decode: (bytes) => viewOf(bytes, Int32Array) },
  { name: 'I16', bytes: 2, dtype: 'int32', decode: (bytes) => Int32Array.from(viewOf(bytes, Int16Array)) },
  { name: 'I8', bytes: 1, dtype: 'int32', decode: (bytes) => Int32Array.from(viewOf(bytes, Int8Array)) },
  { name: 'U64', bytes: 8, dtype: 'int32', decode: (bytes) => narrowed(bytes, false) },
  { name: 'U32', bytes: 4, dtype: 'int32', decode: (bytes) => unsigned(viewOf(bytes, Uint32Array)) },
  { name: 'U16', bytes: 2, dtype: 'int32', decode: (bytes) => Int32Array.from(viewOf(bytes, Uint16Array)) },
  { name: 'U8', bytes: 1, dtype: 'uint8', decode: (bytes) => bytes },
  { name: 'BOOL', bytes: 1, dtype: 'bool', decode: checkedBools },
]

export const formats: ReadonlyMap<string, Format> = new Map(list.map((format) => [format.name, format]))

/** What each dtype is written as. */
export const formatNames: Readonly<Record<DType, string>> = { float32: 'F32', int32: 'I32', uint8: 'U8', bool: 'BOOL' }
