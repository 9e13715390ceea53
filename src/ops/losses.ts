/** Losses between tensors of one shape, with the definitions of PyTorch. */
import { describe } from '../engine/arguments.js'
import { ArgumentError, ShapeError } from '../engine/errors.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { add, div, mul, sub } from './arithmetic.js'
import { maximum } from './binary.js'
import { sameShape } from './broadcast.js'
import { equal } from './compare.js'
import { mean, sum } from './reductions.js'
import { softplus } from './activations.js'
import { abs, log, neg, square } from './unary.js'
import { clamp, where } from './where.js'

/** Over all elements: their mean, their sum, or neither. */
export type Reduction = 'mean' | 'sum' | 'none'

export const reductions: readonly Reduction[] = ['mean', 'sum', 'none']

export function checkReduction(op: string, reduction: string, allowed: readonly string[] = reductions): void {
  if (allowed.includes(reduction)) return
  const expected = `${allowed.map((each) => `'${each}'`).join(' or ')} as reduction`
  throw new ArgumentError(op, expected, describe(reduction))
}

export function reduced(terms: Tensor, reduction: Reduction): Tensor {
  return reduction === 'none' ? terms : reduction === 'sum' ? sum(terms) : mean(terms)
}

const options = { reduction: 'mean' as Reduction }

/** What all share: two tensors of one shape, reduced to a scalar unless `reduction` is `'none'`. */
const shapeOf =
  (op: string, second: string, allowed?: readonly string[]) =>
  ([a, b]: readonly [{ shape: Shape }, { shape: Shape }], { reduction }: { reduction: string }): Shape => {
    checkReduction(op, reduction, allowed)
    if (!sameShape(a.shape, b.shape)) {
      throw new ShapeError(op, `${second} of shape [${a.shape.join(', ')}]`, `[${b.shape.join(', ')}]`)
    }
    return reduction === 'none' ? a.shape : []
  }

/**
 * The squared differences (a − b)².
 *
 * @param options.reduction `'mean'` (default), `'sum'` or `'none'`
 */
export const mseLoss = defineOp('mseLoss', {
  inputs: ['predictions', 'targets'],
  attrs: options,
  shape: shapeOf('mseLoss', 'targets'),
  kernel: 'mseLoss',
  params: ([a], { reduction }) => [reduction === 'none' ? 0 : 1, factorOf(a, reduction)],
  compose: ([a, b], { reduction }) => reduced(square(sub(a, b)), reduction),
  fusedGradient: ({ inputs: [a, b], attrs: { reduction }, needs }, dy): Gradients => {
    const [daWanted, dbWanted] = needs as [boolean, boolean]
    return mseLossGradient(a, b, dy, { factor: 2 * factorOf(a, reduction), daWanted, dbWanted })
  },
})

const factorOf = (x: Tensor, reduction: Reduction): number => (reduction === 'mean' ? 1 / x.size : 1)

/** The gradients factor·(a − b)·dy of a, and its negative of b. */
const mseLossGradient = defineOp('mseLossGradient', {
  inputs: ['a', 'b', 'dy'],
  attrs: { factor: 2, daWanted: true, dbWanted: true },
  visible: 2,
  shape: ([{ shape }], { daWanted, dbWanted }) => [daWanted ? { shape } : null, dbWanted ? { shape } : null],
  params: (_, { factor }) => [factor],
})

/**
 * The absolute differences |a − b|; the gradient where they are equal is 0.
 *
 * @param options.reduction `'mean'` (default), `'sum'` or `'none'`
 */
export const l1Loss = defineOp('l1Loss', {
  inputs: ['predictions', 'targets'],
  attrs: options,
  shape: shapeOf('l1Loss', 'targets'),
  compose: ([a, b], { reduction }) => reduced(abs(sub(a, b)), reduction),
})

/**
 * Of the difference u = |a − b|: u²/2 up to delta, delta·(u − delta/2) beyond (Huber 1964).
 *
 * @param options.delta above 0; default 1
 * @param options.reduction `'mean'` (default), `'sum'` or `'none'`
 */
export const huberLoss = defineOp('huberLoss', {
  inputs: ['predictions', 'targets'],
  attrs: { ...options, delta: 1 },
  shape: (inputs, attrs) => {
    if (typeof attrs.delta !== 'number' || !(attrs.delta > 0)) {
      throw new ArgumentError('huberLoss', 'a number above 0 as delta', describe(attrs.delta))
    }
    return shapeOf('huberLoss', 'targets')(inputs, attrs)
  },
  compose: ([a, b], { reduction, delta }) => {
    const distance = abs(sub(a, b))
    const bounded = clamp(distance, { max: delta })
    return reduced(mul(bounded, sub(distance, mul(bounded, 0.5))), reduction)
  },
})

/**
 * −t·log σ(x) − (1 − t)·log(1 − σ(x)), precise for logits of any size.
 *
 * @param targets probabilities of the shape of the logits
 * @param options.reduction `'mean'` (default), `'sum'` or `'none'`
 */
export const binaryCrossEntropyWithLogits = defineOp('binaryCrossEntropyWithLogits', {
  inputs: ['logits', 'targets'],
  attrs: options,
  shape: shapeOf('binaryCrossEntropyWithLogits', 'targets'),
  compose: ([x, t], { reduction }) => reduced(add(mul(t, softplus(neg(x))), mul(sub(1, t), softplus(x))), reduction),
})

/** The logarithm, at least −100. */
const boundedLog = (x: Tensor): Tensor => clamp(log(x), { min: -100 })

const binaryCrossEntropyTerms = defineOp('binaryCrossEntropyTerms', {
  inputs: ['p', 't'],
  kernel: 'binaryCrossEntropy',
  shape: ([p]) => p.shape,
  gradient: ({ inputs: [p, t], needs }, dy): Gradients => [
    needs[0] ? div(mul(dy, sub(p, t)), maximum(mul(p, sub(1, p)), 1e-12)) : undefined,
    needs[1] ? mul(dy, sub(boundedLog(sub(1, p)), boundedLog(p))) : undefined,
  ],
})

/**
 * −t·log p − (1 − t)·log(1 − p), with logarithms of at least −100, and the gradient (p − t)/max(p(1 − p), 1e-12).
 * `binaryCrossEntropyWithLogits` is more precise where there are logits.
 *
 * @param probabilities from 0 to 1; others are a `KernelError` at the next read
 * @param targets of the same shape
 * @param options.reduction `'mean'` (default), `'sum'` or `'none'`
 */
export const binaryCrossEntropy = defineOp('binaryCrossEntropy', {
  inputs: ['probabilities', 'targets'],
  attrs: options,
  shape: shapeOf('binaryCrossEntropy', 'targets'),
  compose: ([p, t], { reduction }) => reduced(binaryCrossEntropyTerms(p, t), reduction),
})

/**
 * The Kullback–Leibler divergence Σ t·(log t − x), where t = 0 costs nothing, of log-probabilities x from
 * probabilities t (in this order, as in PyTorch).
 *
 * @param logProbabilities for example from `logSoftmax`
 * @param targets probabilities of the same shape
 * @param options.reduction `'mean'` (default: over all elements), `'batchMean'` (the sum over the first axis' size: the
 *   divergence proper), `'sum'` or `'none'`
 */
export const klDiv = defineOp('klDiv', {
  inputs: ['logProbabilities', 'targets'],
  attrs: { reduction: 'mean' as Reduction | 'batchMean' },
  shape: shapeOf('klDiv', 'targets', [...reductions, 'batchMean']),
  compose: ([x, t], { reduction }) => {
    const terms = mul(t, sub(log(where(equal(t, 0), 1, t)), x))
    if (reduction !== 'batchMean') return reduced(terms, reduction)
    return mul(sum(terms), 1 / (x.shape[0] ?? 1))
  },
})
