import { describe } from '../engine/arguments.js'
import { ArgumentError, DTypeError, ShapeError } from '../engine/errors.js'
import { noGrad } from '../engine/lifecycle.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add, div, mul } from './arithmetic.js'
import { sameShape } from './broadcast.js'
import { gather, oneHot } from './gather.js'
import { checkReduction, reduced, type Reduction } from './losses.js'
import { sum } from './reductions.js'
import { reshape } from './shape.js'
import { logSoftmax } from './softmax.js'
import { stopGradient } from './stopGradient.js'
import { neg } from './unary.js'

const attrs = { reduction: 'mean' as Reduction, labelSmoothing: 0 }
type Attrs = typeof attrs
type Inputs = readonly [logits: Tensor, targets: Tensor, weight: Tensor | undefined]

function check([logits, targets, weight]: Inputs, { reduction, labelSmoothing }: Attrs): void {
  checkReduction('crossEntropy', reduction)
  if (typeof labelSmoothing !== 'number' || !(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError('crossEntropy', 'a number from 0 to 1 as labelSmoothing', describe(labelSmoothing))
  }
  for (const each of [logits, weight]) {
    if (each && each.dtype !== 'float32') {
      throw new DTypeError('crossEntropy', 'logits and weight of dtype float32', each.dtype)
    }
  }
  const classes = logits.shape.at(-1) ?? 0
  if (classes < 1) throw new ShapeError('crossEntropy', 'logits [..., c] with c ≥ 1', `[${logits.shape.join(', ')}]`)
  const wanted = targets.dtype === 'int32' ? logits.shape.slice(0, -1) : logits.shape
  if (!sameShape(targets.shape, wanted)) {
    const kind = targets.dtype === 'int32' ? 'classes' : 'probabilities'
    throw new ShapeError('crossEntropy', `${kind} of shape [${wanted.join(', ')}]`, `[${targets.shape.join(', ')}]`)
  }
  if (weight && !sameShape(weight.shape, [classes])) {
    throw new ShapeError('crossEntropy', `weight of shape [${classes}]`, `[${weight.shape.join(', ')}]`)
  }
}

/** −Σ_k w_k·t_k·log softmax(x)_k per row, targets smoothed. */
function rowLosses([logits, targets, weight]: Inputs, { labelSmoothing: s }: Attrs): Tensor {
  const smoothed = s > 0 ? add(mul(targets, 1 - s), s / (logits.shape.at(-1) as number)) : targets
  const weighted = weight ? mul(smoothed, weight) : smoothed
  return neg(sum(mul(weighted, logSoftmax(logits)), { axis: -1 }))
}

/** The twin of the kernel: classes as probabilities of 0 and 1. */
function composeOfClasses([logits, classes, weight]: Inputs, options: Attrs): Tensor {
  const constant = weight && stopGradient(weight)
  const certain = noGrad(() => oneHot(classes, { depth: logits.shape.at(-1) as number }))
  const rows = rowLosses([logits, certain, constant], options)
  if (constant === undefined || options.reduction !== 'mean') return reduced(rows, options.reduction)
  return div(sum(rows), sum(gather(constant, classes)))
}

const numbers: Readonly<Record<Reduction, number>> = { none: 0, sum: 1, mean: 2 }

/** The fused loss: its second output is the gradient of each row, without the factor that comes from behind. */
const crossEntropyOfClasses = defineOp('crossEntropyOfClasses', {
  inputs: ['logits', 'classes', 'weight?'],
  accepts: ['float32', 'int32'],
  attrs,
  kernel: 'crossEntropy',
  shape: ([logits, classes], { reduction }, needs) => [
    { shape: reduction === 'none' ? classes.shape : [], dtype: 'float32' },
    needs[0] ? { shape: logits.shape, dtype: 'float32' } : null,
  ],
  params: ([logits], { reduction, labelSmoothing }) => [
    logits.shape.at(-1) as number,
    numbers[reduction],
    labelSmoothing,
  ],
  compose: composeOfClasses,
  save: ['logits', 'classes', 'weight', 'outputs'],
  fusedGradient: ({ outputs: [, slope], attrs: { reduction }, needs }, dy): Gradients => [
    needs[0] && slope ? mul(slope, reduction === 'none' ? reshape(dy, { shape: [...dy.shape, 1] }) : dy) : undefined,
    undefined,
    undefined,
  ],
})

/**
 * −log softmax(logits) at the target class, as torch.nn.functional.cross_entropy, but with the classes along the last
 * axis. Fused for int32 targets: the gradient comes with the value.
 *
 * @param logits [..., c]
 * @param targets int32 [...], classes from 0 to c − 1 (any other one is a `KernelError` at the next read), or
 *   probabilities [..., c]: −Σ t·log softmax(logits)
 * @param weight one factor per class [c], a constant for the gradient; default 1. With classes, `'mean'` divides by the
 *   sum of the targets' weights
 * @param options.reduction over rows: `'mean'` (default), `'sum'` or `'none'`
 * @param options.labelSmoothing s: targets become (1 − s)·t + s/c (Szegedy et al. 2016); default 0
 */
export const crossEntropy = defineOp('crossEntropy', {
  inputs: ['logits', 'targets', 'weight?'],
  accepts: ['float32', 'int32'],
  dtype: 'float32',
  attrs,
  shape: (inputs, options) => {
    check(inputs, options)
    return options.reduction === 'none' ? inputs[0].shape.slice(0, -1) : []
  },
  compose: ([logits, targets, weight], options): Tensor => {
    if (targets.dtype === 'int32') {
      return weight
        ? crossEntropyOfClasses(logits, targets, weight, options)
        : crossEntropyOfClasses(logits, targets, options)
    }
    return reduced(rowLosses([logits, targets, weight && stopGradient(weight)], options), options.reduction)
  },
})
