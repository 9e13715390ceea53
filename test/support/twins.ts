/** The same function on the CPU and on the emulated CUDA device, whose kernels choose their way by the shape. */
import { expect } from 'vitest'
import { seeded } from 'landbridge/testing'
import { tensor, tidy, type Device, type DType, type Shape, type Tensor } from 'landbridge'

export interface Drawn {
  shape: Shape
  /** Default float32 from [−2, 2); integers from [−9, 9), bytes from [0, 9). */
  dtype?: DType
  range?: readonly [number, number]
  /** What the first values are instead. */
  values?: readonly number[]
  /** Whether its gradient is compared too; default false. */
  gradient?: boolean
}

const ranges = { float32: [-2, 2], int32: [-9, 9], uint8: [0, 9], bool: [0, 2] } as const

function draw(
  { shape, dtype = 'float32', range = ranges[dtype], values: given = [], gradient }: Drawn,
  seed: number,
  device: Device,
) {
  const random = seeded(seed)
  const size = shape.reduce((a, b) => a * b, 1)
  const values = Float64Array.from({ length: size }, (_, i) => {
    const value = range[0] + (range[1] - range[0]) * random()
    return given[i] ?? (dtype === 'float32' ? value : Math.floor(value))
  })
  return tensor(values, { shape, dtype, device, requiresGrad: gradient === true })
}

/** The values of f's results, then the gradients that were asked for, from a gradient of the first result. */
function resultsOn(device: Device, inputs: readonly Drawn[], f: (...inputs: Tensor[]) => Tensor | Tensor[]) {
  return tidy(() => {
    const tensors = inputs.map((each, i) => draw(each, i + 1, device))
    const made = f(...tensors)
    const results = Array.isArray(made) ? made : [made]
    const first = results[0] as Tensor
    if (first.requiresGrad) first.backward({ gradient: draw({ shape: first.shape }, 99, device) })
    const gradients = tensors.flatMap((each) => (each.grad ? [each.grad] : []))
    return [...results, ...gradients].map((each) => Float64Array.from(each.dataSync()))
  })
}

/** Expects the same results on both devices, but for `tolerance` of the largest magnitude (at least 1) among them. */
export function expectTwins(
  inputs: readonly Drawn[],
  f: (...inputs: Tensor[]) => Tensor | Tensor[],
  tolerance = 2e-6,
): void {
  const [expected, received] = [resultsOn('cpu', inputs, f), resultsOn('cuda-emulated', inputs, f)]
  expect(received.length).toBe(expected.length)
  expected.forEach((values, result) => {
    const other = received[result] as Float64Array
    expect(other.length).toBe(values.length)
    const scale = values.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1)
    values.forEach((value, i) => {
      const same = Object.is(other[i], value) || Math.abs((other[i] as number) - value) <= tolerance * scale
      if (!same) expect.fail(`result ${result}, element ${i}: expected ${value}, received ${other[i]}`)
    })
  })
}
