/** Initial values of weights, by shape: the last two axes are [in, out], those before them the receptive field. */
import { ArgumentError, ShapeError } from '../engine/errors.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { fromArray, full } from '../ops/creation.js'
import { rand, randn } from '../ops/random.js'

/** Makes the first value of a parameter. */
export type Initializer = (shape: Shape) => Tensor<'float32'>

/** Inputs and outputs that each weight touches: of [in, out] and of filters [h, w, in, out]. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) throw new ShapeError('init', 'a shape [..., in, out]', `[${shape.join(', ')}]`)
  const field = shape.slice(0, -2).reduce((a, b) => a * b, 1)
  return { fanIn: field * (shape.at(-2) as number), fanOut: field * (shape.at(-1) as number) }
}

/** All 0. */
export const zeros: Initializer = (shape) => full(shape, 0)
/** All 1. */
export const ones: Initializer = (shape) => full(shape, 1)

/** Uniform in [low, high); default [0, 1). */
export function uniform(shape: Shape, options: { low?: number; high?: number } = {}): Tensor<'float32'> {
  return rand(shape, { low: options.low, high: options.high })
}

/** Normal with `mean` (default 0) and standard deviation `std` (default 1). */
export function normal(shape: Shape, options: { mean?: number; std?: number } = {}): Tensor<'float32'> {
  return randn(shape, { mean: options.mean, std: options.std })
}

const symmetric = (shape: Shape, bound: number): Tensor<'float32'> => rand(shape, { low: -bound, high: bound })

/** U(±gain·√(6 / (fanIn + fanOut))) (Glorot & Bengio 2010, eq. 16); gain default 1. */
export function xavierUniform(shape: Shape, options: { gain?: number } = {}): Tensor<'float32'> {
  const { fanIn, fanOut } = fans(shape)
  return symmetric(shape, (options.gain ?? 1) * Math.sqrt(6 / Math.max(1, fanIn + fanOut)))
}

/** N(0, gain²·2 / (fanIn + fanOut)) (Glorot & Bengio 2010); gain default 1. */
export function xavierNormal(shape: Shape, options: { gain?: number } = {}): Tensor<'float32'> {
  const { fanIn, fanOut } = fans(shape)
  return randn(shape, { std: (options.gain ?? 1) * Math.sqrt(2 / Math.max(1, fanIn + fanOut)) })
}

export interface KaimingOptions {
  /** Keep the variance of activations (`'fanIn'`, default) or of gradients (`'fanOut'`). */
  mode?: 'fanIn' | 'fanOut'
  /** Slope of the leaky rectifier that follows; default 0: a plain one. */
  negativeSlope?: number
}

function kaimingDeviation(shape: Shape, { mode = 'fanIn', negativeSlope = 0 }: KaimingOptions): number {
  if (mode !== 'fanIn' && mode !== 'fanOut') {
    throw new ArgumentError('kaiming', "'fanIn' or 'fanOut' as mode", String(mode))
  }
  return Math.sqrt(2 / (1 + negativeSlope ** 2) / Math.max(1, fans(shape)[mode]))
}

/** U(±√3·σ) with σ = √(2 / (1 + negativeSlope²) / fan) (He et al. 2015, eqs. 10 and 14). */
export function kaimingUniform(shape: Shape, options: KaimingOptions = {}): Tensor<'float32'> {
  return symmetric(shape, Math.sqrt(3) * kaimingDeviation(shape, options))
}

/** N(0, σ²) with σ = √(2 / (1 + negativeSlope²) / fan) (He et al. 2015, eqs. 10 and 14). */
export function kaimingNormal(shape: Shape, options: KaimingOptions = {}): Tensor<'float32'> {
  return randn(shape, { std: kaimingDeviation(shape, options) })
}

/** U(±1/√fanIn): what PyTorch's layers start with (kaimingUniform of slope √5). */
export const byFanIn: Initializer = (shape) => symmetric(shape, 1 / Math.sqrt(Math.max(1, fans(shape).fanIn)))

/**
 * A (semi-)orthogonal matrix times `gain` (default 1), uniformly distributed (Saxe et al. 2014): the shape is read as
 * [all but last, last], and its columns, or its rows where they are fewer, are orthonormal. Blocks until its random
 * numbers are there, and takes time cubic in the size: for small layers.
 */
export function orthogonal(shape: Shape, options: { gain?: number } = {}): Tensor<'float32'> {
  if (shape.length < 2) throw new ShapeError('orthogonal', 'a shape [..., in, out]', `[${shape.join(', ')}]`)
  const columns = shape.at(-1) as number
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)]
  const draws = randn([count, length])
  const vectors = orthonormalised(draws.dataSync(), count, length)
  draws.dispose()
  const at = (i: number, j: number) => (columns <= rows ? vectors[j]?.[i] : vectors[i]?.[j]) as number
  const values = Float32Array.from({ length: rows * columns }, (_, k) => {
    return (options.gain ?? 1) * at(Math.floor(k / columns), k % columns)
  })
  return fromArray(values, shape, 'float32')
}

/** Gram–Schmidt, with every projection done twice so that rounding leaves nothing. */
function orthonormalised(values: Float32Array, count: number, length: number): Float64Array[] {
  const done: Float64Array[] = []
  for (let k = 0; k < count; k++) {
    const vector = Float64Array.from(values.subarray(k * length, (k + 1) * length))
    for (const other of [...done, ...done]) {
      const share = other.reduce((total, each, i) => total + each * (vector[i] as number), 0)
      other.forEach((each, i) => (vector[i] = (vector[i] as number) - share * each))
    }
    const norm = Math.sqrt(vector.reduce((total, each) => total + each * each, 0))
    done.push(vector.map((each) => each / norm))
  }
  return done
}
