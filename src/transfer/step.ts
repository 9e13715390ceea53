/** One step of training. */
import { takeFailure } from '../engine/autograd.js'
import { noGrad } from '../engine/lifecycle.js'
import type { Tensor } from '../engine/tensor.js'
import { together } from '../engine/together.js'
import { add, mul } from '../ops/arithmetic.js'
import { clipGradNorm } from '../optim/clipGradNorm.js'
import type { Phase } from './fit.js'
import type { Alignment, Side } from './method.js'
import { forward } from './place.js'
import { take } from './rows.js'

/** What a step learns from: labelled rows, and unlabelled ones where there is an alignment. */
export interface Batch {
  x: Tensor
  y: Tensor
  target: Tensor | undefined
}

export function takeBatch({ labelled, unlabelled, targetOrder, place }: Phase, indices: Int32Array): Batch {
  const { device } = place
  return {
    x: take(labelled.x, indices, device),
    y: take(labelled.y, indices, device),
    target: unlabelled && targetOrder && take(unlabelled.x, targetOrder.next(), device),
  }
}

/** The running sums of the task's loss and of what is added to it. */
type Sums = [task: Tensor, extra: Tensor]

/** One step; returns the running sums of both losses, so that nothing has to be read back. */
export function trainStep(phase: Phase, batch: Batch, progress: number, sums: Sums): Sums {
  takeFailure()
  // Batches are of one size, and already where they belong: every step repeats the same calls.
  return together(phase.place.device, () => learn(phase, batch, progress, sums))
}

function learn(phase: Phase, { x, y, target }: Batch, progress: number, [task, aligned]: Sums): Sums {
  const { options, optimizer, alignment, anchor, place } = phase
  const source = { ...forward(options.model, x, place.precision), y }
  const taskLoss = options.loss(source.output, y)
  const extra = alignment && target ? alignmentLoss(phase, alignment, source, target, progress) : anchor?.loss()
  optimizer.zeroGrad()
  ;(extra === undefined ? taskLoss : add(taskLoss, extra)).backward()
  if (options.clipNorm !== undefined) clipGradNorm(optimizer.parameters, options.clipNorm)
  optimizer.step()
  return noGrad(() => [add(task, taskLoss), extra === undefined ? mul(aligned, 1) : add(aligned, extra)])
}

function alignmentLoss(
  { options, place }: Phase,
  alignment: Alignment,
  source: Side,
  x: Tensor,
  progress: number,
): Tensor {
  return alignment.loss({ source, target: forward(options.model, x, place.precision), progress })
}
