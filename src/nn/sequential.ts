import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { relu } from '../ops/activations.js'
import { BatchNorm } from './batchNorm.js'
import { affine, finish, foldedOf, isAffine, isPlain, type Affine, type Tail } from './fold.js'
import { calling, isModule, Module } from './module.js'

/** What maps one tensor to another: a module, or a function such as `ops.relu`. */
export type Layer = Module | ((x: Tensor) => Tensor)

/** `what`: which of the owner's layers. */
export function layerArgument(owner: string, what: string, layer: unknown): asserts layer is Layer {
  if (typeof layer === 'function' || isModule(layer)) return
  throw new ArgumentError(owner, `a module or a function as ${what}`, describe(layer))
}

/**
 * Layers one after the other. They are properties 0, 1, … of the module, so that parameters are named `0.weight`
 * (functions have a number too); assign to one to replace it.
 *
 * What belongs together runs as one call, with the same result up to rounding: `Conv2d`, `Conv1d` or `Linear` followed
 * by `ops.relu`; after `eval`, where no gradient is needed (`noGrad`, or all frozen), also by a `BatchNorm`. The folded
 * weights take as much memory as the layer's own, until the norm trains again.
 */
export class Sequential extends Module implements Iterable<Layer> {
  [index: number]: Layer
  readonly length: number

  constructor(...layers: Layer[]) {
    super()
    layers.forEach((layer, i) => layerArgument('Sequential', `layer ${i}`, layer))
    this.length = layers.length
    Object.assign(this, layers)
  }

  *[Symbol.iterator](): Generator<Layer, void> {
    for (let i = 0; i < this.length; i++) yield this[i] as Layer
  }

  forward(x: Tensor): Tensor {
    return runChain([...this], x, NOTHING)
  }
}

const NOTHING: Tail = { activation: 'none' }
const RELU: Tail = { activation: 'relu' }

/** Layers one after the other, and what follows the last. */
function runChain(layers: readonly Layer[], x: Tensor, tail: Tail): Tensor {
  if (layers.length === 0) return finish(x, tail)
  let y = x
  for (let i = 0; i < layers.length;) {
    const layer = layers[i++] as Layer
    const norm = isAffine(layer) && isPlain(layers[i], BatchNorm) ? (layers[i++] as BatchNorm) : undefined
    const own = layers[i] === relu ? RELU : NOTHING
    if (own === RELU) i++
    y = runRun(layer, norm, y, own, i < layers.length ? NOTHING : tail)
  }
  return y
}

/** One layer, perhaps a norm, perhaps an activation (`own`), and what follows them all. */
function runRun(layer: Layer, norm: BatchNorm | undefined, x: Tensor, own: Tail, tail: Tail): Tensor {
  const run = (next: Tail) => (norm && isAffine(layer) ? runNormed(layer, norm, x, next) : runLayer(layer, x, next))
  return own === NOTHING ? run(tail) : finish(run(own), tail)
}

function runNormed(layer: Affine, norm: BatchNorm, x: Tensor, tail: Tail): Tensor {
  const folded = foldedOf(layer, norm, x)
  if (folded === undefined) return finish(norm.call(layer.call(x)), tail)
  return calling(layer, () => affine(layer, folded, x, tail))
}

/** One layer and what follows it. */
export function runLayer(layer: Layer, x: Tensor, tail: Tail): Tensor {
  if (isAffine(layer)) return calling(layer, () => affine(layer, layer, x, tail))
  if (isPlain(layer, Sequential)) return calling(layer, () => runChain([...layer], x, tail))
  return finish(typeof layer === 'function' ? layer(x) : layer.call(x), tail)
}
