/** What the tests of devices share: the device, and comparison with the same program on the CPU. */
import type { Device, Tensor } from 'landbridge'
import { expect } from 'vitest'
import { isThere, testDevice } from './testDevice.js'

/** Emulated by the host, unless LANDBRIDGE_TEST_DEVICE names another. */
export const CUDA = testDevice('cuda-emulated')

/** Whether CUDA kernels can be executed; says so where not. */
export const emulated = isThere(CUDA)

/** Compares what `run` gives on both devices, relative to the largest value. */
export function expectSame(run: (device: Device) => readonly Tensor[], tolerance = 1e-5): void {
  const [expected, actual] = [run('cpu'), run(CUDA)]
  expect(actual.map(({ device }) => device)).toEqual(actual.map(() => CUDA))
  expected.forEach((each, i) => expectClose(actual[i]!.dataSync(), each.dataSync(), tolerance))
}

export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length)
  const bound = tolerance * Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    if (!(difference <= bound)) expect.fail(`element ${i}: expected ${expected[i]} ± ${bound}, received ${actual[i]}`)
  }
}
