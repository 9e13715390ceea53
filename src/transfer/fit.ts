import { noGrad, ready, tidy } from '../engine/lifecycle.js'
import { keep } from '../engine/scope.js'
import type { Tensor } from '../engine/tensor.js'
import { batches, type BatchOrder } from '../data/batches.js'
import { zeros } from '../ops/creation.js'
import { Adam } from '../optim/adam.js'
import type { Optimizer } from '../optim/optimizer.js'
import { Anchor } from './anchor.js'
import { EarlyStopping } from './earlyStopping.js'
import { isTuning, type Alignment } from './method.js'
import {
  checkOptions,
  type EpochReport,
  type FitOptions,
  type FitResult,
  type Model,
  type TuneOptions,
} from './options.js'
import { resume, saveProgress } from './progress.js'
import { forward, moveModel, placeOf, type Place } from './place.js'
import { takeBatch, trainStep } from './step.js'
import { countOf, inOrder, take, type Labelled, type Rows, type Unlabelled } from './rows.js'

/** One stretch of training on one labelled side, with or without an alignment. */
export interface Phase {
  options: FitOptions
  place: Place
  labelled: Labelled
  unlabelled: Unlabelled | undefined
  alignment: Alignment | undefined
  validation: Labelled | undefined
  optimizer: Optimizer
  order: BatchOrder
  targetOrder: BatchOrder | undefined
  stopping: EarlyStopping
  /** What holds the parameters near their start while tuning. */
  anchor: Anchor | undefined
  /** The model as it came counts as epoch 0: tuning that only harms leaves it alone. */
  keepsInitial: boolean
  /** Parts that stay as they are, running statistics too: in evaluation mode throughout. */
  still: readonly ('features' | 'head')[]
}

/**
 * Trains a model for use in another domain; the one training loop of landbridge.
 *
 * Without a method it learns the source's task; with an alignment it learns the task and, on unlabelled target rows,
 * features in which the domains look alike; with a tuning it goes on with labelled target rows. Returns with the model of
 * its best epoch on `validation` (the last one without validation), in evaluation mode, on the device of its training.
 *
 * @throws ArgumentError for options that do not fit together; DeviceError for a device that is not there; the signal's reason when aborted
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  checkOptions(options)
  const { model, method } = options
  moveModel(model, method, placeOf(options).device)
  if (!isTuning(method)) return run(options, phaseOf(options, options.source as Labelled, options.validation))
  const tuning = options as TuneOptions
  if (tuning.source !== undefined) {
    await run(options, phaseOf({ ...options, checkpoint: undefined }, tuning.source, tuning.sourceValidation))
  }
  const trainable = [model.features, model.head].flatMap((part) => part.parameters().filter((p) => p.requiresGrad))
  for (const part of method.frozen) model[part].freeze()
  try {
    return await run(options, tuningPhase(tuning))
  } finally {
    for (const parameter of trainable) parameter.requiresGrad = true
  }
}

function phaseOf(options: FitOptions, labelled: Labelled, validation: Labelled | undefined): Phase {
  const { model, batchSize = 256, seed = 0, patience = 5, optimizer = defaultOptimizer, method, target } = options
  const alignment = isTuning(method) ? undefined : method
  const unlabelled = alignment === undefined ? undefined : (target as Unlabelled)
  const own = alignment?.parameters() ?? []
  return {
    options,
    place: placeOf(options),
    labelled,
    unlabelled,
    alignment,
    validation,
    optimizer: optimizer([...trainableOf(model), ...own]),
    order: batches({ count: countOf(labelled.x), batchSize, seed, dropLast: true }),
    targetOrder: unlabelled && batches({ count: countOf(unlabelled.x), batchSize, seed: seed + 1, dropLast: true }),
    stopping: new EarlyStopping(patience),
    anchor: undefined,
    keepsInitial: false,
    still: [],
  }
}

function tuningPhase(options: TuneOptions): Phase {
  const { target, method } = options
  const labelled = { x: lastRows(target.x, method.labels), y: lastRows(target.y, method.labels) }
  const phase = phaseOf(options, labelled, options.validation)
  for (const group of phase.optimizer.groups) group.lr *= method.rateFactor
  const anchor = method.anchor > 0 ? new Anchor(trainableOf(options.model), method.anchor) : undefined
  return { ...phase, anchor, keepsInitial: true, still: method.frozen }
}

function lastRows(rows: Rows, labels: number | undefined): Rows {
  const count = countOf(rows)
  if (labels === undefined || labels >= count) return rows
  return {
    count: labels,
    rows: (indices, device) =>
      take(
        rows,
        indices.map((index) => index + count - labels),
        device,
      ),
  }
}

const defaultOptimizer = (parameters: readonly Tensor[]): Optimizer => new Adam(parameters, { lr: 1e-3 })

const trainableOf = ({ features, head }: Model): Tensor[] =>
  [...features.parameters(), ...head.parameters()].filter((parameter) => parameter.requiresGrad)

async function run(options: FitOptions, phase: Phase): Promise<FitResult> {
  const { model } = options
  try {
    return await runEpochs(options, phase)
  } finally {
    phase.anchor?.dispose()
    phase.stopping.best = undefined
    setMode(model, false)
  }
}

async function runEpochs(options: FitOptions, phase: Phase): Promise<FitResult> {
  const { model, epochs = 50, onEpoch } = options
  const { stopping, validation } = phase
  const history: EpochReport[] = []
  let epoch = await resume(phase)
  if (epoch === 0 && validation !== undefined && phase.keepsInitial) {
    stopping.observe(0, await validationLoss(phase, validation), model)
  }
  while (epoch < epochs && !stopping.exhausted) {
    const losses = await trainEpoch(phase, epoch)
    epoch++
    const held = validation && (await validationLoss(phase, validation))
    const before = stopping.state.bestEpoch
    if (held !== undefined) stopping.observe(epoch, held, model)
    const report = { epoch, epochs, ...losses, validationLoss: held, best: stopping.state.bestEpoch !== before }
    history.push(report)
    await saveProgress(phase, epoch)
    onEpoch?.(report)
  }
  stopping.restore(model)
  const { best, bestEpoch } = stopping.state
  return {
    epochs: epoch,
    bestEpoch: validation ? bestEpoch : epoch,
    bestLoss: validation && best,
    history,
    ...phase.place,
  }
}

function setMode({ features, head }: Model, training: boolean): void {
  for (const part of [features, head]) {
    if (training) part.train()
    else part.eval()
  }
}

async function trainEpoch(phase: Phase, epoch: number) {
  const { order, options, place } = phase
  const { model, epochs = 50, signal } = options
  const { device } = place
  setMode(model, true)
  for (const part of phase.still) model[part].eval()
  let [task, alignment] = [keep(zeros([], { device })) as Tensor, keep(zeros([], { device })) as Tensor]
  let steps = 0
  for (const indices of order.epoch()) {
    signal?.throwIfAborted()
    const progress = (epoch + steps / order.batchesPerEpoch) / epochs
    const sums = tidy(() => trainStep(phase, takeBatch(phase, indices), progress, [task, alignment]))
    task.dispose()
    alignment.dispose()
    ;[task, alignment] = sums
    steps++
    await ready(device)
  }
  const [trainLoss, alignmentLoss] = [(await task.item()) / steps, (await alignment.item()) / steps]
  task.dispose()
  alignment.dispose()
  return { trainLoss, alignmentLoss }
}

/** The mean loss over all validation rows, each row with the same weight. */
async function validationLoss({ options, place }: Phase, { x, y }: Labelled): Promise<number> {
  const { model, loss, batchSize = 256 } = options
  const { device, precision } = place
  setMode(model, false)
  const count = countOf(x)
  let total = 0
  for (const indices of inOrder(count, Math.max(batchSize, 1024))) {
    const value = tidy(() =>
      noGrad(() => loss(forward(model, take(x, indices, device), precision).output, take(y, indices, device))),
    )
    total += (await value.item()) * indices.length
    value.dispose()
  }
  return total / count
}
