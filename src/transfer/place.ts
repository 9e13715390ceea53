/** Where a model computes, and how exactly: what a training or a prediction does with batches that are elsewhere. */
import { moveTo } from '../engine/copy.js'
import type { Device } from '../engine/native.js'
import type { Precision } from '../engine/precision.js'
import { withPrecision } from '../engine/withPrecision.js'
import type { Tensor } from '../engine/tensor.js'
import { isTuning, type Method } from './method.js'
import type { FitOptions, Model } from './options.js'

export interface Place {
  device: Device
  /** Of the products of matrices in the model; losses are float32. */
  precision: Precision
}

/** The device of a model's first parameter or buffer; `'cpu'` where it has none. */
export function deviceOf({ features, head }: Model): Device {
  for (const part of [features, head]) {
    const [first] = [...part.parameters(), ...part.buffers()]
    if (first !== undefined) return first.device
  }
  return 'cpu'
}

/** What the options say, or where the model is already. */
export function placeOf({ model, device, precision = 'float32' }: FitOptions): Place {
  return { device: device ?? deviceOf(model), precision }
}

/** Moves a model, and what a method trains along with it, to where they are wanted. */
export function moveModel({ features, head }: Model, method: Method | undefined, device: Device): void {
  for (const part of [features, head]) part.to(device)
  if (method === undefined || isTuning(method)) return
  moveTo('fit', method.parameters(), device)
  method.to?.(device)
}

/** Both parts of a model on one batch. */
export function forward(model: Model, x: Tensor, precision: Precision): { features: Tensor; output: Tensor } {
  return withPrecision(precision, () => {
    const features = model.features.call(x)
    return { features, output: model.head.call(features) }
  })
}
