import { tensorArgument } from '../engine/arguments.js'
import { copyTo } from '../engine/copy.js'
import { requireDevice } from '../engine/devices.js'
import { edgeOf, isGradEnabled, Node } from '../engine/graph.js'
import type { Device } from '../engine/native.js'
import { Tensor } from '../engine/tensor.js'
import { reshape } from './shape.js'

/**
 * The same values on another device. The gradient comes back to the device that x is on. Where x is there already, the
 * result shares its memory (as a reshape does) and nothing is copied. Otherwise the copy is queued on both devices, and
 * the call waits for neither; a value that failed is told when the copy is read. (PyTorch: `to`, `cuda`, `cpu`, with
 * `non_blocking`)
 *
 * @param device `'cpu'` or `'cuda'`
 * @throws DeviceError for a device that is not there, ArgumentError when its memory is out
 */
export function to<T extends Tensor>(x: T, device: Device): T {
  tensorArgument('to', 'x', x)
  requireDevice('to', device)
  const { device: from, shape, dtype } = x
  if (from === device) return reshape(x, { shape })
  const edge = isGradEnabled() ? edgeOf(x) : undefined
  const node = edge && new Node('to', [edge], (_, [dy]) => [dy && to(dy, from)])
  return new Tensor(copyTo('to', x, device), shape, dtype, node && { node, index: 0 }) as T
}
