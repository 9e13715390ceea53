import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { Module } from './module.js'
import { layerArgument, runLayer, type Layer } from './sequential.js'
import { layerOptions } from './sizes.js'

export interface ResidualOptions {
  /** What is learned beside the shortcut; most often a `Sequential`. */
  body: Layer
  /** What brings x to the shape of body(x), where that differs; default: x itself. */
  shortcut?: Layer
  /** What is applied to the sum: `'none'` (default) or `'relu'`. */
  activation?: 'none' | 'relu'
}

/**
 * A residual block: activation(body(x) + shortcut(x)) (He et al. 2016), both of one shape.
 *
 *     new nn.Residual({
 *       body: new nn.Sequential(conv(64, 128, 2), new nn.BatchNorm(128), ops.relu, conv(128, 128), new nn.BatchNorm(128)),
 *       shortcut: new nn.Sequential(project(64, 128, 2), new nn.BatchNorm(128)),
 *       activation: 'relu',
 *     })
 *
 * Where the body ends with a convolution, the sum and the activation are part of its call; after `eval`, where no
 * gradient is needed, also across a `BatchNorm` behind it (see `Sequential`).
 */
export class Residual extends Module {
  readonly body: Layer
  readonly shortcut: Layer | undefined
  readonly activation: 'none' | 'relu'

  constructor(options: ResidualOptions) {
    super()
    const { body, shortcut, activation } = layerOptions('Residual', options ?? {}, {
      body: undefined as Layer | undefined,
      shortcut: undefined as Layer | undefined,
      activation: 'none' as 'none' | 'relu',
    })
    layerArgument('Residual', 'body', body)
    if (shortcut !== undefined) layerArgument('Residual', 'shortcut', shortcut)
    if (activation !== 'none' && activation !== 'relu') {
      throw new ArgumentError('Residual', "'none' or 'relu' as activation", describe(activation))
    }
    this.body = body
    this.shortcut = shortcut
    this.activation = activation
  }

  forward(x: Tensor): Tensor {
    const { body, shortcut, activation } = this
    const residual = shortcut === undefined ? x : runLayer(shortcut, x, { activation: 'none' })
    return runLayer(body, x, { residual, activation })
  }
}
