import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { isModule, Module } from './module.js'

/** What maps one tensor to another: a module, or a function such as `ops.relu`. */
export type Layer = Module | ((x: Tensor) => Tensor)

/**
 * Layers one after the other. They are properties 0, 1, … of the module, so that parameters are named `0.weight`
 * (functions have a number too); assign to one to replace it.
 */
export class Sequential extends Module implements Iterable<Layer> {
  [index: number]: Layer
  readonly length: number

  constructor(...layers: Layer[]) {
    super()
    layers.forEach((layer, i) => {
      if (typeof layer === 'function' || isModule(layer)) return
      throw new ArgumentError('Sequential', `a module or a function as layer ${i}`, describe(layer))
    })
    this.length = layers.length
    Object.assign(this, layers)
  }

  *[Symbol.iterator](): Generator<Layer, void> {
    for (let i = 0; i < this.length; i++) yield this[i] as Layer
  }

  forward(x: Tensor): Tensor {
    let y = x
    for (const layer of this) y = typeof layer === 'function' ? layer(y) : layer.call(y)
    return y
  }
}
