/** Values from one device's memory to another's. */
import { requireDevice } from './devices.js'
import { nativeError } from './errors.js'
import { deviceNumber, native, type Device } from './native.js'
import { Storage } from './storage.js'
import type { Tensor } from './tensor.js'

/** A copy of the value in the memory of another device, in the order of both. It may be yet to come: nothing waits. */
export function copyTo(op: string, x: Tensor, device: Device): Storage {
  const { handle } = x.live(op)
  try {
    return new Storage(native.transfer(handle, deviceNumber[device]), device)
  } catch (error) {
    throw nativeError(op, error)
  }
}

/**
 * Moves values and their gradients to a device, all of them or, when one fails, none. The tensors stay the same objects,
 * so that optimisers still know them; graph nodes keep the values that they saved, where those were.
 */
export function moveTo(op: string, tensors: Iterable<Tensor>, device: Device): void {
  requireDevice(op, device)
  const targets = new Set<Tensor>()
  for (const each of tensors) for (const x of [each, each.grad]) if (x && moves(x, device)) targets.add(x)
  const copies: [Tensor, Storage][] = []
  try {
    for (const x of targets) copies.push([x, copyTo(op, x, device)])
  } catch (error) {
    for (const [, storage] of copies) storage.release()
    throw error
  }
  for (const [x, storage] of copies) {
    x.storage?.release()
    x.storage = storage
  }
}

const moves = (x: Tensor, device: Device): boolean =>
  x.edge === undefined && x.storage !== undefined && x.storage.device !== device
