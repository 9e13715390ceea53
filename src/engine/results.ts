/** What shape and parameter rules gave, checked before the addon sees it: also those of ops that a program defines. */
import { describe } from './describe.js'
import { ArgumentError, ShapeError } from './errors.js'
import type { Shape } from './tensor.js'

const MAX_RANK = 8

/** Shapes by their hash: a step makes the same ones over and over, and freezing costs more than finding. */
const known: (Shape | undefined)[] = Array.from({ length: 512 }, () => undefined)

/** The frozen array of these sizes, checked: tensors of one shape share it, and whoever gave `shape` may change his. */
export function ownShape(op: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) throw new ArgumentError(op, 'an array of sizes from its shape rule', describe(shape))
  const sizes = shape as Shape
  const slot = hash(sizes)
  const found = known[slot]
  if (found !== undefined && same(found, sizes)) return found
  const own = Object.freeze([...sizes])
  checkResultShape(op, own)
  known[slot] = own
  return own
}

// Loops over shapes count: the iterator of a frozen array is a call for each element.

function hash(sizes: Shape): number {
  let sum = sizes.length
  for (let i = 0; i < sizes.length; i++) {
    const size: unknown = sizes[i]
    sum = Math.imul(sum, 31) + (typeof size === 'number' ? size | 0 : 0)
  }
  return (sum ^ (sum >>> 9)) & (known.length - 1)
}

function same(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** At most 8 axes, each an integer, together few enough elements to count. */
export function checkResultShape(op: string, shape: Shape): void {
  let count = 4 // bytes of an element; a size of 0 must not hide that the others overflow
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError(op, 'sizes of the result to be integers ≥ 0', describe(shape))
    }
    if (size > 0) count *= size
  }
  if (shape.length > MAX_RANK) throw new ShapeError(op, `a result of at most ${MAX_RANK} axes`, `${shape.length}`)
  if (!Number.isSafeInteger(count)) {
    throw new ShapeError(op, 'a result that fits in memory', `shape [${shape.join(', ')}]`)
  }
}

export function checkParams(op: string, params: readonly unknown[]): void {
  for (const each of params) {
    if (typeof each !== 'number') throw new ArgumentError(op, 'numbers as options', describe(each))
  }
}
