import { deviceNumber, native, type Device, type DType } from './native.js'
import { unscoped } from './scope.js'
import { Storage } from './storage.js'
import { Tensor } from './tensor.js'

const cache = new Map<string, Tensor>()
const CACHE_LIMIT = 512

/**
 * A number as a tensor of shape [], in the dtype of `like` where that can hold it: beside an integer tensor, a number
 * with a fraction becomes float32. Values never change, so the same number is the same tensor.
 */
export function scalar(value: number, like?: Tensor): Tensor {
  const fits = like !== undefined && like.dtype !== 'bool' && (like.dtype === 'float32' || Number.isInteger(value))
  const dtype: DType = fits ? like.dtype : like?.dtype === 'bool' && Number.isInteger(value) ? 'int32' : 'float32'
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
