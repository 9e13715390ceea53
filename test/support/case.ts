/** One declaration of an op gives its value, gradient, second-order, error and leak tests. */
import type { Device, DType, Tensor } from 'landbridge'
import { tensor } from 'landbridge'
import { seeded, type Nd } from 'landbridge/testing'

/** One input of a sample: drawn uniformly from `range`, or given. Float32 inputs require a gradient unless told. */
export interface Sample {
  shape: readonly number[]
  /** Default [−2, 2]; integers and bools: [0, 10) and {0, 1}. */
  range?: readonly [number, number]
  values?: readonly number[]
  dtype?: DType
  /** Default: true for float32. */
  requiresGrad?: boolean
}

export interface Variant {
  name: string
  inputs: readonly Sample[]
  run: (...inputs: Tensor[]) => Tensor
  /** The same in plain double arithmetic, written apart from the kernel. */
  reference: (...inputs: Nd[]) => Nd
  /** Largest error, relative to the largest magnitude of the reference (at least 1); default 1e-5. */
  tolerance?: number
  /** Gradients are checked unless false (no gradient, or a kink too near). */
  gradient?: boolean
  /** Second order is checked unless false. */
  second?: boolean
  gradientTolerance?: number
}

export interface ErrorCase {
  name: string
  run: () => unknown
  /** The whole message. */
  message: string
}

export interface OpCase {
  /** The op's name in `ops`. */
  op: string
  /** Further names in `ops`, defined ops and kernels that this case exercises. */
  covers?: readonly string[]
  variants: readonly Variant[]
  errors?: readonly ErrorCase[]
}

export function opCase(declared: OpCase): OpCase {
  return declared
}

export function makeInput(sample: Sample, seed: number, device: Device): Tensor {
  const { shape, dtype = 'float32' } = sample
  const random = seeded(seed)
  const [low, high] = sample.range ?? (dtype === 'float32' ? [-2, 2] : dtype === 'bool' ? [0, 2] : [0, 10])
  const size = shape.reduce((a, b) => a * b, 1)
  const draw = () => low + (high - low) * random()
  const values = sample.values ?? Array.from({ length: size }, dtype === 'float32' ? draw : () => Math.floor(draw()))
  const requiresGrad = dtype === 'float32' && (sample.requiresGrad ?? true)
  return tensor(Float64Array.from(values), { shape, dtype, device, requiresGrad })
}
