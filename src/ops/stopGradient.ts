import { tensorArgument } from '../engine/arguments.js'
import type { Tensor } from '../engine/tensor.js'

/** The same value, cut off from the graph: no gradient flows back through it. (PyTorch: `detach`) */
export function stopGradient<T extends Tensor>(x: T): T {
  tensorArgument('stopGradient', 'x', x)
  return x.view(x.shape, undefined) as T
}
