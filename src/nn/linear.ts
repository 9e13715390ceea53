import { ArgumentError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import type { Tensor } from '../engine/tensor.js'
import { linear } from '../ops/linear.js'
import * as init from './init.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { sizeArgument } from './sizes.js'

export interface LinearOptions {
  /** Default true. */
  bias?: boolean
  /** What is applied to the result; default `'none'`. */
  activation?: 'none' | 'relu'
  /** Of the weight; default U(±1/√in), as PyTorch. The bias is U(±1/√in) always. */
  initializer?: init.Initializer
}

/**
 * activation(x·weight + bias) for x [..., m, in].
 *
 * Parameters: weight [in, out], the transpose of PyTorch's, and bias [out].
 */
export class Linear extends Module {
  readonly weight: Tensor
  readonly bias: Tensor | undefined
  readonly activation: NonNullable<LinearOptions['activation']>

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    const { bias = true, activation = 'none', initializer = init.byFanIn } = options
    if (activation !== 'none' && activation !== 'relu') {
      throw new ArgumentError('Linear', "'none' or 'relu' as activation", describe(activation))
    }
    const shape = [sizeArgument('Linear', 'inputs', inputs), sizeArgument('Linear', 'outputs', outputs)]
    const bound = 1 / Math.sqrt(inputs)
    this.weight = parameter(initializer(shape))
    this.bias = bias ? parameter(init.uniform([outputs], { low: -bound, high: bound })) : undefined
    this.activation = activation
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias, { activation: this.activation })
  }
}
