import { describe } from '../engine/arguments.js'
import { ArgumentError, within } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import { noGrad, tidy } from '../engine/lifecycle.js'
import { keep } from '../engine/scope.js'
import type { Tensor } from '../engine/tensor.js'
import { add, mul } from '../ops/arithmetic.js'
import { batchNorm, batchNormTrain, checkEpsilon } from '../ops/batchNorm.js'
import { full } from '../ops/creation.js'
import type { Folded } from './fold.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { layerOptions, sizeArgument } from './sizes.js'
import { replaceValue } from './state.js'

export interface BatchNormOptions {
  /** The share of a new batch in the running statistics, from 0 to 1; default 0.1. (tfjs: 1 − `momentum`) */
  momentum?: number
  /** Default 1e-5. */
  epsilon?: number
  /** Whether there are gamma and beta; default true. */
  affine?: boolean
  /** Of parameters and buffers; default `'cpu'`. */
  device?: Device
}

/**
 * Batch normalisation of x [..., features] (`ops.batchNorm`): by the moments of the batch while training, which also
 * move the running ones; by the running ones after `eval`.
 *
 * Parameters: gamma and beta [features]. Buffers: runningMean and runningVar [features]; as in PyTorch the running
 * variance is over n − 1.
 *
 * In a `Sequential`, right after a `Conv2d`, `Conv1d` or `Linear`, it costs nothing after `eval`: where no gradient is
 * needed it becomes part of that layer's weight and bias.
 */
export class BatchNorm extends Module {
  readonly gamma: Tensor | undefined
  readonly beta: Tensor | undefined
  readonly runningMean: Tensor
  readonly runningVar: Tensor
  momentum: number
  readonly epsilon: number
  /** @internal The layer before, with this one folded into it; stale until compared (see fold.ts). */
  _folded: Folded | undefined

  constructor(features: number, options: BatchNormOptions = {}) {
    super()
    const { momentum, epsilon, affine, device } = layerOptions<Required<BatchNormOptions>>('BatchNorm', options, {
      momentum: 0.1,
      epsilon: 1e-5,
      affine: true,
      device: 'cpu',
    })
    checkEpsilon('BatchNorm', epsilon)
    if (typeof momentum !== 'number' || !(momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError('BatchNorm', 'a number from 0 to 1 as momentum', describe(momentum))
    }
    const shape = [sizeArgument('BatchNorm', 'features', features)]
    const make = (value: number) => within('BatchNorm', () => full(shape, value))
    this.gamma = affine ? parameter(make(1)) : undefined
    this.beta = affine ? parameter(make(0)) : undefined
    this.runningMean = keep(make(0))
    this.runningVar = keep(make(1))
    this.momentum = momentum
    this.epsilon = epsilon
    this.to(device)
  }

  forward(x: Tensor): Tensor {
    const { gamma, beta, runningMean, runningVar, epsilon } = this
    if (!this.training) return batchNorm(x, gamma, beta, runningMean, runningVar, { epsilon })
    this._hold(undefined)
    const train = () => batchNormTrain(x, gamma, beta, { epsilon }) as [Tensor, Tensor, Tensor]
    const [y, mean, variance] = within('batchNorm', train)
    const rows = x.size / mean.size
    this.#move(runningMean, mean, 1)
    this.#move(runningVar, variance, rows / (rows - 1))
    mean.dispose()
    variance.dispose()
    return y
  }

  /** @internal Releases what was folded before. */
  _hold(folded: Folded | undefined): void {
    this._folded?.weight.dispose()
    this._folded?.bias.dispose()
    this._folded = folded
  }

  /** running ← (1 − momentum)·running + momentum·scale·batch */
  #move(running: Tensor, batch: Tensor, scale: number): void {
    const { momentum } = this
    const next = () => add(mul(running, 1 - momentum), mul(batch, momentum * scale))
    const moved = noGrad(() => tidy(next))
    replaceValue(running, moved)
    moved.dispose()
  }
}
