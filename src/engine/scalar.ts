import { deviceNumber, dtypeNumber, native, type Device, type DType } from './native.js'
import { ownShape } from './results.js'
import { unscoped } from './scope.js'
import { Storage } from './storage.js'
import { Tensor } from './tensor.js'

/** Per device and dtype, by value; -0 under its name, as a map takes it for 0. */
const caches: (Map<number | string, Tensor> | undefined)[] = []
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
  const dtype = dtypeFor(value, like)
  const device = like?.device ?? 'cpu'
  const cache = (caches[deviceNumber[device] * 8 + dtypeNumber[dtype]] ??= new Map<number | string, Tensor>())
  const key = Object.is(value, -0) ? '-0' : value
  const found = cache.get(key)
  if (found !== undefined) return found
  const made = make(value, dtype, device)
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(key, made)
  return made
}

function dtypeFor(value: number, like: Tensor | undefined): DType {
  if (like === undefined) return 'float32'
  return holds(like.dtype, value) ? like.dtype : holds('int32', value) ? 'int32' : 'float32'
}

function make(value: number, dtype: DType, device: Device): Tensor {
  return unscoped(() => {
    const values =
      dtype === 'float32'
        ? new Float32Array([value])
        : dtype === 'int32'
          ? new Int32Array([value])
          : new Uint8Array([value])
    return new Tensor(new Storage(native.write(deviceNumber[device], values), device), ownShape('scalar', []), dtype)
  })
}
