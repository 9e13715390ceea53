import { deviceNumber, native, type Device, type DType } from './native.js'
import { unscoped } from './scope.js'
import { Storage } from './storage.js'
import { Tensor } from './tensor.js'

const cache = new Map<string, Tensor>()
const CACHE_LIMIT = 512

const ranges: Readonly<Record<Exclude<DType, 'float32'>, readonly [number, number]>> = {
  int32: [-2147483648, 2147483647],
  uint8: [0, 255],
  bool: [1, 0], // none: beside a bool tensor a number is at least int32
}

function holds(dtype: DType, value: number): boolean {
  if (dtype === 'float32') return true
  const [low, high] = ranges[dtype]
  return Number.isInteger(value) && value >= low && value <= high
}

/**
 * A number as a tensor of shape [], in the dtype of `like` where that can hold it: beside an integer tensor, a number
 * out of its range becomes int32, one with a fraction float32. Values never change, so the same number is the same
 * tensor.
 */
export function scalar(value: number, like?: Tensor): Tensor {
  const candidates: DType[] = like === undefined ? [] : [like.dtype, 'int32']
  const dtype = candidates.find((each) => holds(each, value)) ?? 'float32'
  const device: Device = like?.device ?? 'cpu'
  const key = `${Object.is(value, -0) ? '-0' : value}/${dtype}/${device}`
  const found = cache.get(key)
  if (found !== undefined) return found
  const made = unscoped(() => {
    const values =
      dtype === 'float32'
        ? new Float32Array([value])
        : dtype === 'int32'
          ? new Int32Array([value])
          : new Uint8Array([value])
    return new Tensor(new Storage(native.write(deviceNumber[device], values), device), [], dtype)
  })
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(key, made)
  return made
}
