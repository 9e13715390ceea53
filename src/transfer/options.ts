import { ArgumentError } from '../engine/errors.js'
import { describe, functionArgument, objectArgument, pathArgument } from '../engine/arguments.js'
import { requireDevice } from '../engine/devices.js'
import type { Device } from '../engine/native.js'
import type { Precision } from '../engine/precision.js'
import { checkPrecision } from '../engine/withPrecision.js'
import type { Tensor } from '../engine/tensor.js'
import { isModule, type Module } from '../nn/module.js'
import type { Optimizer } from '../optim/optimizer.js'
import { isTuning, type Alignment, type Method, type Tuning } from './method.js'
import { checkRows, type Labelled, type Unlabelled } from './rows.js'

/** A network in two parts: what both domains share, and what makes a prediction of it. */
export interface Model {
  features: Module
  head: Module
}

export interface EpochReport {
  epoch: number
  epochs: number
  /** Mean task loss over the epoch's training batches. */
  trainLoss: number
  /** Mean of what is added to it: the weighted alignment, or the pull of an anchor. */
  alignmentLoss: number
  /** Loss on the validation rows; undefined without any. */
  validationLoss: number | undefined
  best: boolean
}

interface CommonOptions {
  model: Model
  /** The task's loss as a scalar, such as `ops.mseLoss`. */
  loss: (output: Tensor, y: Tensor) => Tensor
  /** Rows that decide when to stop and which epoch's model to return. */
  validation?: Labelled
  /** Passes over the training rows. Default: 50. */
  epochs?: number
  /** Rows of each domain in a step. Default: 256. */
  batchSize?: number
  /** Epochs without a better validation loss before training stops. Default: 5. */
  patience?: number
  /** Order of the batches. Default: 0. (Initial weights and dropout follow `manualSeed`.) */
  seed?: number
  /** Makes the optimiser; default Adam with learning rate 1e-3. */
  optimizer?: (parameters: readonly Tensor[]) => Optimizer
  /**
   * Where to train: model and method move there, and stay; batches follow from wherever the rows are. Default: where the
   * model is.
   */
  device?: Device
  /**
   * How products of matrices in the model are computed (see `withPrecision`); weights, losses and the optimiser's state
   * are float32 always. Default: `'float32'`.
   */
  precision?: Precision
  /** Largest global norm of the gradient; default: not clipped. */
  clipNorm?: number
  /**
   * A file that holds the state after every epoch; when it exists, training resumes from it bit for bit, on the same
   * device or another.
   */
  checkpoint?: string
  /** Stops between two steps; `fit` then rejects with the signal's reason. */
  signal?: AbortSignal
  onEpoch?: (report: EpochReport) => void
}

/** No method: the source's task alone. */
export interface SourceOnlyOptions extends CommonOptions {
  source: Labelled
  target?: undefined
  method?: undefined
}

/** Joint training of the source's task and an alignment: the target gives inputs, never labels. */
export interface AlignOptions extends CommonOptions {
  source: Labelled
  target: Unlabelled
  method: Alignment
}

/** Training goes on with the target's labels; with `source`, the model first learns that. */
export interface TuneOptions extends CommonOptions {
  source?: Labelled
  /** Rows that decide when to stop on the source. */
  sourceValidation?: Labelled
  target: Labelled
  method: Tuning
}

export type FitOptions = SourceOnlyOptions | AlignOptions | TuneOptions

export interface FitResult {
  /** Epochs run, and the one whose model was kept (0: as it came). */
  epochs: number
  bestEpoch: number
  bestLoss: number | undefined
  history: EpochReport[]
  /** Where the model was trained, and is; how its products of matrices were computed. */
  device: Device
  precision: Precision
}

function positiveInteger(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
    throw new ArgumentError('fit', `a positive integer as ${name}`, describe(value))
  }
}

function checkMethod(method: Method | undefined): void {
  if (method !== undefined) objectArgument('fit', 'a tuning or an alignment { parameters, loss } as method', method)
  if (method === undefined || isTuning(method)) return
  const whole = typeof method?.loss === 'function' && typeof method.parameters === 'function'
  if (!whole)
    throw new ArgumentError('fit', 'a tuning or an alignment { parameters, loss } as method', describe(method))
}

function checkSignal(signal: unknown): void {
  if (signal === undefined) return
  objectArgument('fit', 'an AbortSignal as signal', signal)
  if (signal instanceof AbortSignal) return
  throw new ArgumentError('fit', 'an AbortSignal as signal', describe(signal))
}

export function checkOptions(options: FitOptions): void {
  objectArgument('fit', 'an object of options', options)
  const { model, loss, epochs, batchSize, patience, seed, clipNorm, validation, source, target, method } = options
  objectArgument('fit', 'a model { features, head }', model)
  for (const part of [model.features, model.head]) {
    if (!isModule(part)) throw new ArgumentError('fit', 'a model { features, head } of modules', describe(part))
  }
  if (typeof loss !== 'function') throw new ArgumentError('fit', 'a function as loss', describe(loss))
  checkMethod(method)
  positiveInteger('epochs', epochs)
  positiveInteger('batchSize', batchSize)
  positiveInteger('patience', patience)
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new ArgumentError('fit', 'a non-negative integer as seed', describe(seed))
  }
  if (clipNorm !== undefined && !(typeof clipNorm === 'number' && clipNorm > 0)) {
    throw new ArgumentError('fit', 'a positive number as clipNorm', describe(clipNorm))
  }
  for (const name of ['optimizer', 'onEpoch'] as const) {
    if (options[name] !== undefined) functionArgument('fit', options[name], name)
  }
  if (options.device !== undefined) requireDevice('fit', options.device)
  if (options.precision !== undefined) checkPrecision('fit', options.precision)
  if (options.checkpoint !== undefined) pathArgument('fit', options.checkpoint)
  checkSignal(options.signal)
  if (source === undefined && !isTuning(method)) throw new ArgumentError('fit', 'source rows', 'none')
  if (target !== undefined) objectArgument('fit', 'rows { x, y } as target', target)
  if (target === undefined && method !== undefined)
    throw new ArgumentError('fit', 'target rows for this method', 'none')
  if (isTuning(method) && target?.y === undefined) throw new ArgumentError('fit', `target.y for ${method.name}`, 'none')
  if (method !== undefined && !isTuning(method) && target?.y !== undefined) {
    throw new ArgumentError('fit', 'no target.y for an alignment (it must not see target labels)', 'target.y')
  }
  const sourceValidation = isTuning(method) ? (options as TuneOptions).sourceValidation : undefined
  for (const [name, side] of Object.entries({ source, target, validation, sourceValidation })) {
    if (side !== undefined) checkRows('fit', name, side, name !== 'target' || isTuning(method))
  }
}
