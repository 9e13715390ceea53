import { tensorArgument } from '../engine/arguments.js'
import { keep } from '../engine/scope.js'
import type { Tensor } from '../engine/tensor.js'

/** Parameters are known by themselves, not by `requiresGrad`, so that a frozen one stays a parameter. */
const marked = new WeakSet<Tensor>()

/**
 * Marks a tensor as a parameter of the module that it is assigned to, and takes it out of open `tidy` scopes.
 * A tensor made with `requiresGrad: true` is a parameter as it is.
 *
 * @param tensor float32, not the result of an op that recorded a graph
 * @param options.requiresGrad false: frozen. Default true
 */
export function parameter<T extends Tensor>(tensor: T, options: { requiresGrad?: boolean } = {}): T {
  tensorArgument('parameter', 'tensor', tensor)
  tensor.requiresGrad = options.requiresGrad ?? true
  marked.add(tensor)
  return keep(tensor)
}

export function isParameter(tensor: Tensor): boolean {
  return marked.has(tensor) || (tensor.edge === undefined && tensor.requiresGrad)
}
