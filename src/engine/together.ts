import { deviceNumber, native, type Device } from './native.js'

/**
 * Runs a synchronous function whose calls on a device are launched together where the device can: as a CUDA graph, which
 * costs less than one launch each. A step that repeats with the same shapes uses the last one's graph again. Results are
 * the same. A read inside ends what is launched together, and on the CPU nothing is.
 */
export function together<T>(device: Device, f: () => T): T {
  if (device === 'cpu') return f()
  native.graph(deviceNumber[device], true)
  try {
    return f()
  } finally {
    native.graph(deviceNumber[device], false)
  }
}
