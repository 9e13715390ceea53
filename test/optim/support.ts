import { tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'

export function randomArray(size: number, seed: number): Float32Array {
  const random = seeded(seed)
  return Float32Array.from({ length: size }, () => 4 * random() - 2)
}

export function parameter(values: readonly number[] | Float32Array, shape?: number[]): Tensor<'float32'> {
  return tensor(Float32Array.from(values), { shape: shape ?? [values.length], requiresGrad: true })
}

/** Sets the gradient as `backward` would. */
export function setGrad(parameter: Tensor, values: ArrayLike<number>): void {
  parameter.grad?.dispose()
  parameter.grad = tensor(Float32Array.from(values), { shape: parameter.shape })
}

export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = actual.length === expected.length ? 0 : Infinity
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number))
    largest = difference <= largest ? largest : difference // NaN is kept
  }
  return largest
}
