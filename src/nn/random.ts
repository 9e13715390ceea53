/** Stands between the initialisers and the source of random numbers. */
import { tensor } from '../ops/creation.js'
import { sizeOf, type Shape, type Tensor } from '../engine/tensor.js'
import { seeded } from '../testing/nd.js'

const next = seeded(1)

/** Uniform in [low, high). */
export function uniformValues(shape: Shape, low: number, high: number): Tensor<'float32'> {
  return tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => low + (high - low) * next()),
    { shape, dtype: 'float32' },
  )
}

/** Normal with mean and standard deviation (Box–Muller). */
export function normalValues(shape: Shape, mean: number, deviation: number): Tensor<'float32'> {
  const draw = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => mean + deviation * draw()),
    { shape, dtype: 'float32' },
  )
}
