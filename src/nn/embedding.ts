import type { Device } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'
import { embedding } from '../ops/gather.js'
import * as init from './init.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { initialise, layerOptions, sizeArgument } from './sizes.js'

export interface EmbeddingOptions {
  /** Default N(0, 1), as PyTorch. */
  initializer?: init.Initializer
  /** Of the weight; default `'cpu'`. */
  device?: Device
}

/**
 * A row of the weight [count, features] per id: int32 ids of any shape, from 0 to count − 1, to [...ids, features].
 */
export class Embedding extends Module<[ids: Tensor]> {
  readonly weight: Tensor

  constructor(count: number, features: number, options: EmbeddingOptions = {}) {
    super()
    const shape = [sizeArgument('Embedding', 'count', count), sizeArgument('Embedding', 'features', features)]
    const { initializer, device } = layerOptions<Required<EmbeddingOptions>>('Embedding', options, {
      initializer: init.normal,
      device: 'cpu',
    })
    this.weight = parameter(initialise('Embedding', initializer, shape))
    this.to(device)
  }

  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids)
  }
}
