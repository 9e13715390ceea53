import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'

/** The reference of every broadcast operation on two operands. */
export function broadcastReference(f: (a: number, b: number) => number) {
  return (a: Nd, b: Nd): Nd => {
    const rank = Math.max(a.shape.length, b.shape.length)
    const size = (x: Nd, axis: number) => x.shape[axis - (rank - x.shape.length)] ?? 1
    const shape = Array.from({ length: rank }, (_, i) => (size(a, i) === 1 ? size(b, i) : size(a, i)))
    const at = (x: Nd, index: number[]) =>
      ndIndex(x, ...index.slice(rank - x.shape.length).map((i, k) => (x.shape[k] === 1 ? 0 : i)))
    return nd(shape, (...index) => f(at(a, index), at(b, index)))
  }
}

type Pair = (a: Tensor, b: Tensor) => Tensor

/** The shapes that every broadcast operation is tried with. */
export function broadcastVariants(
  run: Pair,
  f: (a: number, b: number) => number,
  rest: Partial<Variant> = {},
): Variant[] {
  const shapes: [string, number[], number[]][] = [
    ['equal shapes', [3, 5], [3, 5]],
    ['a row', [4, 7], [7]],
    ['a column', [4, 7], [4, 1]],
    ['outer', [3, 1, 2], [5, 1]],
    ['short rows', [3, 7, 3], [3]],
    ['short rows by column', [5, 3, 2], [5, 1, 2]],
    ['short rows, a column', [9, 3], [9, 1]],
    ['scalars', [], []],
    ['a scalar first', [], [17]],
    ['empty', [0, 3], [3]],
  ]
  return shapes.map(([name, a, b]) => ({
    name,
    inputs: [{ shape: a }, { shape: b, range: [0.5, 2] }],
    run,
    reference: broadcastReference(f),
    ...rest,
  }))
}

const integers = (run: Pair, f: (a: number, b: number) => number): Variant => ({
  name: 'int32',
  inputs: [
    { shape: [4], dtype: 'int32', values: [2147483647, -5, 7, 0] },
    { shape: [4], dtype: 'int32', values: [3, 2, -1, 9] },
  ],
  run,
  reference: broadcastReference((a, b) => f(a, b) | 0),
  gradient: false,
})

export default [
  opCase({
    op: 'add',
    variants: [
      ...broadcastVariants(
        (a, b) => ops.add(a, b),
        (a, b) => a + b,
      ),
      integers(
        (a, b) => a.add(b),
        (a, b) => a + b,
      ),
    ],
    errors: [
      {
        name: 'shapes that do not broadcast',
        run: () => ops.add(tensor([1, 2]), tensor([1, 2, 3])),
        message: 'add: expected shapes that broadcast, received [2] and [3]',
      },
    ],
  }),
  opCase({
    op: 'sub',
    variants: [
      ...broadcastVariants(
        (a, b) => ops.sub(a, b),
        (a, b) => a - b,
      ),
      integers(
        (a, b) => a.sub(b),
        (a, b) => a - b,
      ),
    ],
  }),
  opCase({
    op: 'mul',
    variants: [
      ...broadcastVariants(
        (a, b) => ops.mul(a, b),
        (a, b) => a * b,
      ),
      integers(
        (a, b) => a.mul(b),
        (a, b) => Math.imul(a, b),
      ),
    ],
  }),
  opCase({
    op: 'div',
    variants: broadcastVariants(
      (a, b) => ops.div(a, b),
      (a, b) => a / b,
    ),
  }),
]
