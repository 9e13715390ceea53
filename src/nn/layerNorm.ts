import { ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { ones, zeros } from '../ops/creation.js'
import { layerNorm } from '../ops/layerNorm.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { sizeArgument } from './sizes.js'

export interface LayerNormOptions {
  /** Default 1e-5. */
  epsilon?: number
  /** Whether there are gamma and beta; default true. */
  affine?: boolean
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
    const { epsilon = 1e-5, affine = true } = options
    const sizes = typeof features === 'number' ? [features] : features
    if (!Array.isArray(sizes) || sizes.length === 0) {
      throw new ShapeError('LayerNorm', 'the sizes of at least one axis', describe(features))
    }
    this.shape = (sizes as readonly number[]).map((size) => sizeArgument('LayerNorm', 'features', size))
    this.gamma = affine ? parameter(ones(this.shape)) : undefined
    this.beta = affine ? parameter(zeros(this.shape)) : undefined
    this.epsilon = epsilon
  }

  forward(x: Tensor): Tensor {
    const wanted = this.shape.join()
    if (x.shape.slice(-this.shape.length).join() !== wanted) {
      const expected = `x whose last axes are [${this.shape.join(', ')}]`
      throw new ShapeError('LayerNorm', expected, `[${x.shape.join(', ')}]`)
    }
    return layerNorm(x, this.gamma, this.beta, { normalizedDims: this.shape.length, epsilon: this.epsilon })
  }
}
