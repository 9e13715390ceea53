import { describe, functionArgument, isArray, objectArgument, tensorArgument } from '../engine/arguments.js'
import { ArgumentError, LandbridgeError } from '../engine/errors.js'
import { grad, tidy } from '../engine/lifecycle.js'
import type { Tensor } from '../engine/tensor.js'
import { sum } from '../ops/reductions.js'
import { mul } from '../ops/arithmetic.js'
import { fromArray, tensor } from '../ops/creation.js'
import { ndOf, seeded, type Nd } from './nd.js'

/** A gradient that disagrees with finite differences; says where and by how much. */
export class GradientCheckError extends LandbridgeError {}

export interface GradientCheckOptions {
  /**
   * The same function in double precision, for exact finite differences. Without it the op itself is differenced in
   * float32, with a wider step and tolerance.
   */
  reference?: (...inputs: Nd[]) => Nd
  /** Check the gradients of gradients as well: 2. Default 1. */
  order?: 1 | 2
  /** Step of the central differences; default 1e-5 with a reference, 1e-2 without. */
  step?: number
  /** Largest difference, relative to the largest gradient (at least 1); default 1e-4 with a reference, 2e-2 without. */
  tolerance?: number
}

type Run = (...inputs: Tensor[]) => Tensor

/**
 * Compares the gradients of `run` with central differences, for every float32 input with `requiresGrad`. The result is
 * reduced to a number with fixed random weights, so that errors do not cancel.
 *
 * @throws GradientCheckError naming the input, the element, both values
 */
export function gradientCheck(run: Run, inputs: Tensor[], options: GradientCheckOptions = {}): void {
  functionArgument('gradientCheck', run)
  if (!isArray(inputs)) throw new ArgumentError('gradientCheck', 'an array of tensors', describe(inputs))
  for (const each of Array.from<unknown>(inputs)) tensorArgument('gradientCheck', 'each input', each)
  objectArgument('gradientCheck', 'an object of options', options)
  const checked = inputs.flatMap((input, i) => (input.requiresGrad ? [i] : []))
  const analytic = gradientsOf(run, inputs, checked)
  const { reference } = options
  const value = reference
    ? (values: Nd[]) => weigh(reference(...values))
    : (values: Nd[]) => valueOf(run, inputs, values)
  compare('gradient', analytic, numeric(value, inputs, checked, options.step ?? (reference ? 1e-5 : 1e-2)), {
    tolerance: options.tolerance ?? (reference ? 1e-4 : 2e-2),
    checked,
  })
  if (options.order === 2) secondOrder(run, inputs, checked)
}

const weights = (size: number): Float64Array => {
  const random = seeded(size + 7)
  return Float64Array.from({ length: size }, () => 0.5 + random())
}

function weigh(y: Nd): number {
  const w = weights(y.data.length)
  return y.data.reduce((total, value, i) => total + value * (w[i] as number), 0)
}

/** Σ w·y as a tensor. */
function weighed(y: Tensor): Tensor {
  const w = fromArray(Float32Array.from(weights(y.size)), y.shape, 'float32', { device: y.device })
  return sum(mul(y, w))
}

function gradientsOf(run: Run, inputs: Tensor[], checked: number[]): Float64Array[] {
  return tidy(() => {
    const targets = checked.map((i) => inputs[i] as Tensor)
    const gradients = grad(weighed(run(...inputs)), targets)
    return gradients.map((g, k) => Float64Array.from(g ? g.dataSync() : new Float32Array((targets[k] as Tensor).size)))
  })
}

function valueOf(run: Run, inputs: Tensor[], values: Nd[]): number {
  return tidy(() => weighed(run(...replaced(inputs, values))).itemSync())
}

function replaced(inputs: Tensor[], values: Nd[]): Tensor[] {
  return inputs.map((input, i) => {
    const { data } = values[i] as Nd
    const { shape, dtype, device } = input
    return tensor(data, { shape, dtype, device, requiresGrad: input.requiresGrad })
  })
}

function numeric(value: (v: Nd[]) => number, inputs: Tensor[], checked: number[], step: number): Float64Array[] {
  const values = inputs.map((input) => ndOf(input.shape, input.dataSync()))
  return checked.map((i) => {
    const { data } = values[i] as Nd
    return data.map((original, at) => {
      const h = step * Math.max(1, Math.abs(original))
      data[at] = original + h
      const above = value(values)
      data[at] = original - h
      const below = value(values)
      data[at] = original
      return (above - below) / (2 * h)
    })
  })
}

interface Comparison {
  tolerance: number
  checked: number[]
}

function compare(what: string, analytic: Float64Array[], expected: Float64Array[], { tolerance, checked }: Comparison) {
  const largest = Math.max(1, ...expected.map((e) => e.reduce((m, v) => Math.max(m, Math.abs(v)), 0)))
  expected.forEach((each, k) => {
    each.forEach((value, at) => {
      const actual = analytic[k]?.[at] as number
      if (Math.abs(actual - value) <= tolerance * largest) return
      throw new GradientCheckError(
        `gradientCheck: expected the ${what} of input ${checked[k]} at element ${at} to be ${value} ` +
          `(finite differences, ± ${tolerance * largest}), received ${actual}`,
      )
    })
  })
}

/** Differences the first-order gradient itself: in float32, so with a wide step. */
function secondOrder(run: Run, inputs: Tensor[], checked: number[]): void {
  const squares = (given: Tensor[], createGraph: boolean): Tensor => {
    const targets = checked.map((i) => given[i] as Tensor)
    const gradients = grad(weighed(run(...given)), targets, { createGraph })
    return gradients.map((g, k) => weighed(g ?? mul(targets[k] as Tensor, 0))).reduce((a, b) => a.add(b))
  }
  const analytic = tidy(() => {
    const targets = checked.map((i) => inputs[i] as Tensor)
    const total = squares(inputs, true)
    const gradients = total.requiresGrad ? grad(total, targets) : targets.map(() => undefined)
    return gradients.map((g, k) => Float64Array.from(g ? g.dataSync() : new Float32Array((targets[k] as Tensor).size)))
  })
  const value = (values: Nd[]) => tidy(() => squares(replaced(inputs, values), false).itemSync())
  compare('second-order gradient', analytic, numeric(value, inputs, checked, 1e-2), { tolerance: 3e-2, checked })
}
