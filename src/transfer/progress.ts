/** What `fit` saves after every epoch, so that a run that was stopped goes on bit for bit. */
import { existsSync } from 'node:fs'
import type { BatchState } from '../data/batches.js'
import type { Tensor } from '../engine/tensor.js'
import { loadCheckpoint, saveCheckpoint, type CheckpointParts } from '../io/checkpoint.js'
import { Module } from '../nn/module.js'
import type { StateDict } from '../nn/state.js'
import type { Phase } from './fit.js'

/** Everything with tensors under one name each: both parts of the model, their best state, an alignment's own. */
class TrainingState extends Module<never[], never> {
  readonly features: Phase['options']['model']['features']
  readonly head: Phase['options']['model']['head']
  readonly alignment: readonly Tensor[]
  readonly best: { features: StateDict; head: StateDict }

  constructor({ options: { model }, alignment, stopping }: Phase) {
    super()
    this.features = model.features
    this.head = model.head
    this.alignment = alignment?.parameters() ?? []
    this.best = stopping.best ?? { features: model.features.stateDict(), head: model.head.stateDict() }
  }

  override forward(): never {
    throw new Error('a training state is no function')
  }
}

interface Orders {
  order: BatchState
  targetOrder?: BatchState
}

function partsOf(phase: Phase, model: TrainingState): CheckpointParts {
  const { optimizer, order, targetOrder, stopping } = phase
  const orders = {
    get state(): Orders {
      return { order: order.state, targetOrder: targetOrder?.state }
    },
    set state(state: Orders) {
      order.state = state.order
      if (targetOrder !== undefined && state.targetOrder !== undefined) targetOrder.state = state.targetOrder
    },
  }
  return { model, optimizer, order: orders, earlyStopping: stopping }
}

export async function saveProgress(phase: Phase, epoch: number): Promise<void> {
  const { checkpoint } = phase.options
  if (checkpoint === undefined) return
  await saveCheckpoint(checkpoint, { ...partsOf(phase, new TrainingState(phase)), step: epoch })
}

/** Puts the state of the checkpoint into the phase, where there is one; returns the number of epochs that are done. */
export async function resume(phase: Phase): Promise<number> {
  const { checkpoint } = phase.options
  if (checkpoint === undefined || !existsSync(checkpoint)) return 0
  const model = new TrainingState(phase)
  const { step } = await loadCheckpoint(checkpoint, partsOf(phase, model))
  // Where nothing was observed, the file holds the last model as the best one: that must not come back at the end.
  if (phase.stopping.observed) phase.stopping.best = model.best
  return step
}
