import { describe, parseOptions, tensorArgument } from '../engine/arguments.js'
import { ShapeError } from '../engine/errors.js'
import { edgeOf, isGradEnabled, Node } from '../engine/graph.js'
import { sizeOf, type Shape, type Tensor } from '../engine/tensor.js'
import { checkShape } from './creation.js'

const signature = { name: 'reshape', attrs: { shape: undefined as Shape | undefined } }

/**
 * The same values in another shape; nothing is copied.
 *
 * @param options.shape one size may be −1: what is left
 */
export function reshape<T extends Tensor>(x: T, options: { shape: Shape }): T {
  tensorArgument('reshape', 'x', x)
  const shape = inferShape(x, (parseOptions(signature, options) as typeof signature.attrs).shape)
  const edge = isGradEnabled() ? edgeOf(x) : undefined
  if (edge === undefined) return x.view(shape, undefined) as T
  const { shape: from } = x // not x itself, which the graph would keep alive
  const node = new Node('reshape', [edge], (_, [dy]) => [dy && reshape(dy, { shape: from })])
  return x.view(shape, { node, index: 0 }) as T
}

const isShape = (value: unknown): value is Shape => Array.isArray(value)

function inferShape(x: Tensor, wanted: Shape | undefined): Shape {
  if (!isShape(wanted)) throw new ShapeError('reshape', 'an array of sizes as shape', describe(wanted))
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
