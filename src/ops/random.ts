/** Tensors of random numbers (Philox4x32-10): element i depends on the seed, the calls before and i, on nothing else. */
import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { execute, KernelTable } from '../engine/execute.js'
import type { Device, DType } from '../engine/native.js'
import { ownShape } from '../engine/results.js'
import { drawRandom } from '../engine/random.js'
import type { Storage } from '../engine/storage.js'
import { sizeOf, Tensor, type Shape } from '../engine/tensor.js'
import { checkShape, optionsOf, type TensorOptions } from './creation.js'

const uniformKernel = new KernelTable('randomUniform', 'rand')
const normalKernel = new KernelTable('randomNormal', 'randn')
const integerKernel = new KernelTable('randomInteger', 'randint')
const permutationKernel = new KernelTable('randomPermutation', 'randperm')

function draw<D extends DType>(
  table: KernelTable,
  shape: Shape,
  params: readonly number[],
  { dtype, device = 'cpu' }: { dtype: D; device?: Device },
): Tensor<D> {
  const { seed, offset } = drawRandom(sizeOf(shape))
  const [storage] = execute(table, [], [{ shape, dtype }], [seed, offset, ...params], [], { device, dtype })
  return new Tensor(storage as Storage, ownShape('random', shape), dtype)
}

function float(
  op: string,
  table: KernelTable,
  shape: Shape,
  params: readonly number[],
  { dtype = 'float32', device, requiresGrad }: { dtype?: DType; device: Device; requiresGrad: boolean },
): Tensor<'float32'> {
  if (dtype !== 'float32') throw new ArgumentError(op, 'dtype float32', describe(dtype))
  const made = draw(table, checkShape(op, shape), params, { dtype, device })
  if (requiresGrad) made.requiresGrad = true
  return made
}

/**
 * Numbers uniform in [low, high), in steps of (high − low)/2²⁴.
 *
 * @param options.low default 0
 * @param options.high default 1; at least low
 */
export function rand(
  shape: Shape,
  options: TensorOptions<'float32'> & { low?: number; high?: number } = {},
): Tensor<'float32'> {
  const { low, high, ...rest } = optionsOf('rand', options, { low: 0, high: 1 })
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high) {
    throw new ArgumentError('rand', 'finite numbers low ≤ high', `${describe(low)} and ${describe(high)}`)
  }
  return float('rand', uniformKernel, shape, [low, high], rest)
}

/**
 * Normally distributed numbers (Box & Muller 1958), within 6.8 standard deviations of the mean.
 *
 * @param options.mean default 0
 * @param options.std the standard deviation, at least 0; default 1
 */
export function randn(
  shape: Shape,
  options: TensorOptions<'float32'> & { mean?: number; std?: number } = {},
): Tensor<'float32'> {
  const { mean, std, ...rest } = optionsOf('randn', options, { mean: 0, std: 1 })
  if (!Number.isFinite(mean) || !Number.isFinite(std) || std < 0) {
    throw new ArgumentError('randn', 'a finite mean and std ≥ 0', `${describe(mean)} and ${describe(std)}`)
  }
  return float('randn', normalKernel, shape, [mean, std], rest)
}

const limits = { int32: [-2147483648, 2147483648], uint8: [0, 256] } as const

/** Integers uniform in [low, high), with a bias below (high − low)/2³². int32 unless dtype says uint8. */
export function randint<D extends 'int32' | 'uint8' = 'int32'>(
  low: number,
  high: number,
  shape: Shape,
  options: { dtype?: D; device?: Device } = {},
): Tensor<D> {
  const { device, requiresGrad, ...rest } = optionsOf('randint', options, {})
  const dtype = (rest.dtype ?? 'int32') as D
  const limit = Object.hasOwn(limits, dtype) ? limits[dtype] : undefined
  if (requiresGrad) throw new ArgumentError('randint', 'no requiresGrad for integers', 'true')
  if (limit === undefined) throw new ArgumentError('randint', 'dtype int32 or uint8', describe(dtype))
  const whole = Number.isInteger(low) && Number.isInteger(high)
  if (!whole || low >= high || low < limit[0] || high > limit[1]) {
    const expected = `integers low < high from ${limit[0]} to ${limit[1]} for ${dtype}`
    throw new ArgumentError('randint', expected, `${describe(low)} and ${describe(high)}`)
  }
  return draw(integerKernel, checkShape('randint', shape), [low, high], { dtype, device })
}

/** The integers from 0 to n − 1 in random order, int32 [n]. */
export function randperm(n: number, options: { device?: Device } = {}): Tensor<'int32'> {
  if (!Number.isInteger(n) || n < 0 || n > 2147483647) {
    throw new ArgumentError('randperm', 'an integer from 0 to 2147483647', describe(n))
  }
  const { device, dtype, requiresGrad } = optionsOf('randperm', options, {})
  if (dtype !== undefined && dtype !== 'int32') throw new ArgumentError('randperm', 'dtype int32', describe(dtype))
  if (requiresGrad) throw new ArgumentError('randperm', 'no requiresGrad for integers', 'true')
  return draw(permutationKernel, [n], [], { dtype: 'int32', device })
}
