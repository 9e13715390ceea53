import { tensorArgument } from '../engine/arguments.js'
import { sizeOf, type Tensor } from '../engine/tensor.js'
import { reshape } from '../ops/shape.js'
import { Module } from './module.js'

/** [n, ...] to [n, all the rest], row-major: of images [n, h, w, c], channels vary fastest. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    tensorArgument('Flatten', 'x', x)
    const [count = 1, ...rest] = x.shape
    return reshape(x, { shape: [count, sizeOf(rest)] })
  }
}
