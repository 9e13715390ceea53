import { ops, tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase } from '../support/case.js'
import { variant, withDtypes } from '../support/movement.js'

const permuted = (perm: number[]) => (x: Nd) =>
  nd(
    perm.map((axis) => x.shape[axis] as number),
    (...index) => ndIndex(x, ...x.shape.map((_, axis) => index[perm.indexOf(axis)] as number)),
  )

const transposed = (name: string, shape: number[], perm: number[]) =>
  variant(name, shape, (x) => ops.transpose(x, { perm }), permuted(perm))

const transpose = opCase({
  op: 'transpose',
  variants: withDtypes([
    transposed('a matrix', [3, 5], [1, 0]),
    variant('all axes in reverse order', [2, 3, 4], (x) => x.transpose(), permuted([2, 1, 0])),
    transposed('nothing moved', [2, 3], [0, 1]),
    transposed('the last two', [2, 3, 4], [0, 2, 1]),
    transposed('the last one stays', [3, 4, 5], [1, 0, 2]),
    transposed('the last to the front', [3, 4, 5], [2, 0, 1]),
    transposed('four axes', [2, 3, 2, 5], [3, 1, 0, 2]),
    transposed('axes of size 1', [1, 4, 1, 3], [3, 2, 0, 1]),
    transposed('several tiles', [67, 131], [1, 0]),
    transposed('several tiles in a batch', [3, 37, 41], [0, 2, 1]),
    transposed('three columns', [1009, 3], [1, 0]),
    transposed('empty', [0, 3], [1, 0]),
    variant('a scalar', [], (x) => ops.transpose(x), permuted([])),
    variant('negative axes', [2, 3, 4], (x) => ops.transpose(x, { perm: [-1, 0, 1] }), permuted([2, 0, 1])),
  ]),
  errors: [
    {
      name: 'an axis twice',
      run: () => ops.transpose(tensor([[1, 2]]), { perm: [0, 0] }),
      message: 'transpose: expected each axis of shape [1, 2] once as perm, received [0, 0]',
    },
    {
      name: 'too few axes',
      run: () => ops.transpose(tensor([[1, 2]]), { perm: [0] }),
      message: 'transpose: expected each axis of shape [1, 2] once as perm, received [0]',
    },
  ],
})

const sliced =
  (start: number[], sizes: number[], step = sizes.map(() => 1)) =>
  (x: Nd) =>
    nd(sizes, (...index) => ndIndex(x, ...index.map((i, axis) => (start[axis] as number) + i * (step[axis] as number))))

const slice = opCase({
  op: 'slice',
  covers: ['embed'],
  variants: withDtypes([
    variant('a window', [4, 5], (x) => ops.slice(x, { start: [1, 2], end: [3, 5] }), sliced([1, 2], [2, 3])),
    variant('everything', [2, 3], (x) => ops.slice(x), sliced([0, 0], [2, 3])),
    variant('rows alone', [4, 3], (x) => x.slice({ start: [1], end: [3] }), sliced([1, 0], [2, 3])),
    variant('from the end', [5, 4], (x) => x.slice({ start: [-2, 0], end: [5, -1] }), sliced([3, 0], [2, 3])),
    variant('steps', [7, 5], (x) => x.slice({ start: [1], step: [2, 3] }), sliced([1, 0], [3, 2], [2, 3])),
    variant(
      'defaults in between',
      [2, 3, 4],
      (x) => x.slice({ start: [undefined, 1], end: [1, undefined, 2] }),
      sliced([0, 1, 0], [1, 2, 2]),
    ),
    variant('nothing left', [3, 2], (x) => x.slice({ start: [2], end: [1] }), sliced([0, 0], [0, 2])),
    variant('many rows', [1031, 67], (x) => x.slice({ start: [3, 1], end: [1030, 66] }), sliced([3, 1], [1027, 65])),
    {
      name: 'a padded slice',
      inputs: [{ shape: [3, 4] }],
      run: (x) => ops.pad(ops.slice(x, { start: [1], step: [1, 2] }), { padding: [[1, 0], [0, 2]] }), // prettier-ignore
      reference: (x) => nd([3, 4], (i, j) => (i === 0 || j > 1 ? 0 : ndIndex(x, i, 2 * j))),
    },
  ]),
  errors: [
    {
      name: 'a start out of range',
      run: () => ops.slice(tensor([1, 2, 3]), { start: [4] }),
      message: 'slice: expected an integer from -3 to 3 as start of axis 0 of shape [3], received 4',
    },
    {
      name: 'a step of 0',
      run: () => ops.slice(tensor([1, 2, 3]), { step: [0] }),
      message: 'slice: expected an integer of at least 1 as step of axis 0 of shape [3], received 0',
    },
    {
      name: 'more starts than axes',
      run: () => ops.slice(tensor([1, 2, 3]), { start: [0, 0] }),
      message: 'slice: expected at most 1 numbers as start, received [0, 0]',
    },
  ],
})

const flipped = (axes: number[]) => (x: Nd) =>
  nd(x.shape, (...index) =>
    ndIndex(x, ...index.map((i, axis) => (axes.includes(axis) ? (x.shape[axis] as number) - 1 - i : i))),
  )

const flip = opCase({
  op: 'flip',
  variants: withDtypes([
    variant('rows', [3, 4], (x) => ops.flip(x, { axis: 0 }), flipped([0])),
    variant('all axes', [3, 4], (x) => x.flip(), flipped([0, 1])),
    variant('the first and the last', [2, 3, 4], (x) => x.flip({ axis: [0, -1] }), flipped([0, 2])),
    variant('empty', [0, 2], (x) => x.flip(), flipped([0, 1])),
  ]),
})

export default [transpose, slice, flip]
