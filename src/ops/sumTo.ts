import type { Shape, Tensor } from '../engine/tensor.js'
import { reshape } from './shape.js'
import { sum } from './reductions.js'

/** Sums over the axes along which `shape` was broadcast to the shape of `x`: the gradient of every broadcast. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const added = x.rank - shape.length
  const axes = x.shape.flatMap((size, i) => (i < added || (size !== 1 && shape[i - added] === 1) ? [i] : []))
  if (axes.length === 0) return x
  return reshape(sum(x, { axis: axes }), { shape })
}
