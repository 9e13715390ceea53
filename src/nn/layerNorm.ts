import { ShapeError } from '../engine/errors.js'
import { describe, isArray, tensorArgument } from '../engine/arguments.js'
import type { Device } from '../engine/native.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { ones, zeros } from '../ops/creation.js'
import { checkEpsilon } from '../ops/batchNorm.js'
import { layerNorm } from '../ops/layerNorm.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { initialise, layerOptions, sizeArgument } from './sizes.js'

export interface LayerNormOptions {
  /** Default 1e-5. */
  epsilon?: number
  /** Whether there are gamma and beta; default true. */
  affine?: boolean
  /** Of the parameters; default `'cpu'`. */
  device?: Device
}

/**
 * Layer normalisation over the last axes of x (`ops.layerNorm`).
 *
 * Parameters: gamma and beta, of the shape of those axes.
 */
export class LayerNorm extends Module {
  readonly gamma: Tensor | undefined
  readonly beta: Tensor | undefined
  readonly shape: Shape
  readonly epsilon: number

  /** @param features the size of the last axis, or the sizes of several */
  constructor(features: number | Shape, options: LayerNormOptions = {}) {
    super()
    const { epsilon, affine, device } = layerOptions<Required<LayerNormOptions>>('LayerNorm', options, {
      epsilon: 1e-5,
      affine: true,
      device: 'cpu',
    })
    checkEpsilon('LayerNorm', epsilon)
    const sizes = typeof features === 'number' ? [features] : features
    if (!isArray(sizes) || sizes.length === 0 || sizes.length > 8) {
      throw new ShapeError('LayerNorm', 'the sizes of 1 to 8 axes', describe(features))
    }
    this.shape = Array.from(sizes as readonly number[], (size) => sizeArgument('LayerNorm', 'features', size))
    this.gamma = affine ? parameter(initialise('LayerNorm', (shape) => ones(shape), this.shape)) : undefined
    this.beta = affine ? parameter(initialise('LayerNorm', (shape) => zeros(shape), this.shape)) : undefined
    this.epsilon = epsilon
    this.to(device)
  }

  forward(x: Tensor): Tensor {
    tensorArgument('LayerNorm', 'x', x)
    const wanted = this.shape.join()
    if (x.shape.slice(-this.shape.length).join() !== wanted) {
      const expected = `x whose last axes are [${this.shape.join(', ')}]`
      throw new ShapeError('LayerNorm', expected, `[${x.shape.join(', ')}]`)
    }
    return layerNorm(x, this.gamma, this.beta, { normalizedDims: this.shape.length, epsilon: this.epsilon })
  }
}
