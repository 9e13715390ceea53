import { describe, functionArgument, parseOptions, tensorArgument } from '../engine/arguments.js'
import { requireDevice } from '../engine/devices.js'
import { ArgumentError, ShapeError, within } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import type { Initializer } from './init.js'

/** A number of features, channels, …: an integer of at least 1. */
export function sizeArgument(layer: string, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new ArgumentError(layer, `an integer ≥ 1 as ${name}`, describe(value))
}

/** The options of a layer over their defaults, checked as those of ops are; `device` is one that is there. */
export function layerOptions<O extends object>(layer: string, options: unknown, defaults: Required<O>): O {
  const parsed = parseOptions({ name: layer, attrs: { ...defaults } }, options) as O & { device?: Device }
  if (parsed.device !== undefined) requireDevice(layer, parsed.device)
  return parsed
}

/** The first value of a weight. */
export function initialise(layer: string, initializer: Initializer, shape: Shape): Tensor<'float32'> {
  functionArgument(layer, initializer)
  return within(layer, () => {
    const value: unknown = initializer(shape)
    tensorArgument(layer, 'what the initializer makes', value)
    if (value.shape.join() === shape.join() && value.dtype === 'float32') return value as Tensor<'float32'>
    throw new ShapeError(layer, `float32 [${shape.join(', ')}] from the initializer`, value.toString())
  })
}
