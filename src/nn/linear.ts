import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'
import { gelu, relu, sigmoid, silu, tanh } from '../ops/activations.js'
import { linear } from '../ops/linear.js'
import * as init from './init.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { initialise, layerOptions, sizeArgument } from './sizes.js'

const activations = { none: (x: Tensor) => x, relu, tanh, sigmoid, gelu, silu }
export type Activation = keyof typeof activations

export interface LinearOptions {
  /** Default true. */
  bias?: boolean
  /** What is applied to the result; default `'none'`. */
  activation?: Activation
  /** Of the weight; default U(±1/√in), as PyTorch. The bias is U(±1/√in) always. */
  initializer?: init.Initializer
  /** Of the parameters; default `'cpu'`. */
  device?: Device
}

/**
 * activation(x·weight + bias) for x [..., m, in].
 *
 * Parameters: weight [in, out], the transpose of PyTorch's, and bias [out].
 */
export class Linear extends Module {
  readonly weight: Tensor
  readonly bias: Tensor | undefined
  readonly activation: Activation

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super()
    const { bias, activation, initializer, device } = layerOptions<Required<LinearOptions>>('Linear', options, {
      bias: true,
      activation: 'none',
      initializer: init.byFanIn,
      device: 'cpu',
    })
    if (typeof activation !== 'string' || !Object.hasOwn(activations, activation)) {
      const names = Object.keys(activations).join(', ')
      throw new ArgumentError('Linear', `an activation among ${names}`, describe(activation))
    }
    const shape = [sizeArgument('Linear', 'inputs', inputs), sizeArgument('Linear', 'outputs', outputs)]
    const bound = 1 / Math.sqrt(inputs)
    this.weight = parameter(initialise('Linear', initializer, shape))
    this.bias = bias
      ? parameter(initialise('Linear', (s) => init.uniform(s, { low: -bound, high: bound }), [outputs]))
      : undefined
    this.activation = activation
    this.to(device)
  }

  forward(x: Tensor): Tensor {
    if (this.activation === 'relu') return linear(x, this.weight, this.bias, { activation: 'relu' })
    return activations[this.activation](linear(x, this.weight, this.bias))
  }
}
