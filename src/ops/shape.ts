import { ShapeError } from '../engine/errors.js'
import { edgeOf, isGradEnabled, Node } from '../engine/autograd.js'
import { sizeOf, type Shape, type Tensor } from '../engine/tensor.js'
import { checkShape } from './creation.js'

/**
 * The same values in another shape; nothing is copied.
 *
 * @param options.shape one size may be −1: what is left
 */
export function reshape<T extends Tensor>(x: T, options: { shape: Shape }): T {
  const shape = inferShape(x, options.shape)
  const edge = isGradEnabled() ? edgeOf(x) : undefined
  if (edge === undefined) return x.view(shape, undefined) as T
  const back = (_: Node, [dy]: (Tensor | undefined)[]) => [dy && reshape(dy, { shape: x.shape })]
  const node = new Node('reshape', [edge], [], [], back)
  return x.view(shape, { node, index: 0 }) as T
}

function inferShape(x: Tensor, wanted: Shape): Shape {
  const holes = wanted.filter((size) => size === -1).length
  const known = checkShape(
    'reshape',
    wanted.map((size) => (size === -1 ? 1 : size)),
  )
  const rest = sizeOf(x.shape) / sizeOf(known)
  if (
    holes > 1 ||
    (holes === 1 && !Number.isInteger(rest)) ||
    (holes === 0 && rest !== 1 && sizeOf(known) !== x.size)
  ) {
    throw new ShapeError('reshape', `a shape for ${x.size} values`, `[${wanted.join(', ')}]`)
  }
  return wanted.map((size) => (size === -1 ? rest : size))
}
