import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** One variant of an op that moves elements: floats with gradients; `dtypes` gives copies in the other dtypes. */
const variant = (name: string, shape: number[], run: (x: Tensor) => Tensor, reference: (x: Nd) => Nd): Variant => ({
  name,
  inputs: [{ shape }],
  run,
  reference,
  gradient: product(shape) <= 60,
})

const inDtypes = (of: Variant): Variant[] =>
  (['int32', 'uint8', 'bool'] as const).map((dtype) => ({
    ...of,
    name: `${of.name}, ${dtype}`,
    inputs: of.inputs.map((input) => ({ ...input, dtype })),
    gradient: false,
  }))

/** The first variant in every dtype, the others as they are. */
const withDtypes = (variants: Variant[]): Variant[] => [...variants, ...inDtypes(variants[0] as Variant)]

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

/** The naive join of arrays along one axis. */
const joined =
  (axis: number) =>
  (...parts: Nd[]): Nd => {
    const first = parts[0] as Nd
    const sizes = parts.map((part) => part.shape[axis] as number)
    const shape = first.shape.map((size, i) => (i === axis ? sizes.reduce((a, b) => a + b, 0) : size))
    return nd(shape, (...index) => {
      let [at, which] = [index[axis] as number, 0]
      while (at >= (sizes[which] as number)) at -= sizes[which++] as number
      return ndIndex(parts[which] as Nd, ...index.map((i, a) => (a === axis ? at : i)))
    })
  }

const join = (name: string, shapes: number[][], axis: number): Variant => ({
  name,
  inputs: shapes.map((shape) => ({ shape })),
  run: (...tensors) => ops.concat(tensors, { axis }),
  reference: joined(axis < 0 ? axis + (shapes[0] as number[]).length : axis),
  gradient: shapes.every((shape) => product(shape) <= 60),
})

const mixed: Sample[] = [
  { shape: [2], dtype: 'uint8' },
  { shape: [3], dtype: 'float32' },
  { shape: [1], dtype: 'bool' },
]

const concat = opCase({
  op: 'concat',
  variants: withDtypes([
    join('rows', [[2, 3], [1, 3], [4, 3]], 0), // prettier-ignore
    join('columns', [[3, 2], [3, 1]], 1), // prettier-ignore
    join('the middle axis', [[2, 3, 2], [2, 1, 2], [2, 2, 2]], -2), // prettier-ignore
    join('one alone', [[2, 3]], 0),
    join('an empty one', [[0, 3], [2, 3]], 0), // prettier-ignore
    join('many', [[701, 67], [701, 5]], 1), // prettier-ignore
    {
      name: 'one of three needs a gradient',
      inputs: [{ shape: [2] }, { shape: [3], requiresGrad: false }, { shape: [1] }],
      run: (...tensors) => ops.concat(tensors),
      reference: joined(0),
    },
    { name: 'dtypes that differ', inputs: mixed, run: (...x) => ops.concat(x), reference: joined(0) },
  ]),
  errors: [
    { name: 'nothing', run: () => ops.concat([]), message: 'concat: expected at least one tensor, received none' },
    {
      name: 'other sizes',
      run: () => ops.concat([zeros([2, 3]), zeros([2, 4])]),
      message: 'concat: expected shapes that differ along axis 0 alone, received [2, 3], [2, 4]',
    },
    {
      name: 'scalars',
      run: () => ops.concat([1, 2]),
      message: 'concat: expected a tensor with axes for shape [], received 0',
    },
  ],
})

const stack = opCase({
  op: 'stack',
  variants: withDtypes([
    {
      name: 'a new last axis',
      inputs: [{ shape: [2, 3] }, { shape: [2, 3] }],
      run: (...tensors) => ops.stack(tensors, { axis: -1 }),
      reference: (a, b) => nd([2, 3, 2], (i, j, k) => ndIndex(k === 0 ? a : (b as Nd), i, j)),
    },
    {
      name: 'scalars',
      inputs: [{ shape: [] }, { shape: [] }, { shape: [] }],
      run: (...tensors) => ops.stack(tensors),
      reference: (...all) => nd([3], (i) => ndIndex(all[i] as Nd)),
    },
  ]),
  errors: [
    { name: 'nothing', run: () => ops.stack([]), message: 'stack: expected at least one tensor, received none' },
    {
      name: 'shapes that differ',
      run: () => ops.stack([zeros([2]), zeros([3])]),
      message: 'stack: expected tensors of one shape, received [2], [3]',
    },
  ],
})

/** The parts with weights, so that they differ in the sum. */
const parts = (run: (x: Tensor) => Tensor[]) => (x: Tensor) =>
  ops.concat(run(x).map((part, i) => ops.flip(part, { axis: i % 2 })))

const split = opCase({
  op: 'split',
  variants: [
    variant('equal parts', [4, 3], parts((x) => ops.split(x, { count: 2 })), (x) =>
      nd([4, 3], (i, j) => (i < 2 ? ndIndex(x, 1 - i, j) : ndIndex(x, i, 2 - j))),
    ), // prettier-ignore
    variant('columns of given sizes', [2, 6], (x) => x.split({ sizes: [1, 0, 5], axis: -1 })[2] as Tensor, (x) =>
      nd([2, 5], (i, j) => ndIndex(x, i, j + 1)),
    ), // prettier-ignore
  ],
  errors: [
    {
      name: 'neither count nor sizes',
      run: () => ops.split(tensor([1]), {}),
      message: 'split: expected either count or sizes, received neither',
    },
    {
      name: 'a count that does not divide',
      run: () => ops.split(tensor([1, 2, 3]), { count: 2 }),
      message: 'split: expected a count that divides 3, received 2',
    },
    {
      name: 'sizes of another sum',
      run: () => ops.split(tensor([1, 2, 3]), { sizes: [1, 1] }),
      message: 'split: expected sizes that add up to 3, received [1, 1]',
    },
  ],
})

const inside = (index: number[], before: number[], shape: readonly number[]) =>
  index.every((i, axis) => i >= (before[axis] as number) && i < (before[axis] as number) + (shape[axis] as number))

const padded = (before: number[], after: number[], f: (x: Nd, index: number[]) => number) => (x: Nd) =>
  nd(
    x.shape.map((size, axis) => size + (before[axis] as number) + (after[axis] as number)),
    (...index) =>
      inside(index, before, x.shape)
        ? ndIndex(x, ...index.map((i, axis) => i - (before[axis] as number)))
        : f(
            x,
            index.map((i, axis) => i - (before[axis] as number)),
          ),
  )

const pairs = (before: number[], after: number[]) => before.map((b, i) => [b, after[i] as number] as const)

const pad = opCase({
  op: 'pad',
  variants: [
    ...withDtypes([
      variant('a constant', [2, 3], (x) => ops.pad(x, { padding: pairs([1, 0], [2, 1]), value: 1 }), padded([1, 0], [2, 1], () => 1)), // prettier-ignore
      variant('0 where there is nothing', [0, 2], (x) => ops.pad(x, { padding: pairs([1, 0], [0, 1]) }), padded([1, 0], [0, 1], () => 0)), // prettier-ignore
      variant(
        'nothing added',
        [2, 3],
        (x) => ops.pad(x, { padding: pairs([0, 0], [0, 0]) }),
        (x) => x,
      ),
      variant(
        'a scalar',
        [],
        (x) => ops.pad(x, { padding: [] }),
        (x) => x,
      ),
    ]),
    ...withDtypes([
      variant(
        'reflected',
        [3, 4],
        (x) => ops.pad(x, { padding: pairs([2, 1], [1, 3]), mode: 'reflect' }),
        padded(
          [2, 1],
          [1, 3],
          (x, index) =>
          ndIndex(x, ...index.map((i, axis) => (i < 0 ? -i : i < (x.shape[axis] as number) ? i : 2 * (x.shape[axis] as number) - 2 - i))), // prettier-ignore
        ),
      ),
    ]),
    variant(
      'the edge again',
      [3, 2],
      (x) => ops.pad(x, { padding: pairs([2, 0], [1, 3]), mode: 'edge' }),
      padded([2, 0], [1, 3], (x, [i = 0, j = 0]) => ndIndex(x, Math.max(0, Math.min(2, i)), Math.max(0, Math.min(1, j)))), // prettier-ignore
    ),
    variant(
      'an edge without padding',
      [2],
      (x) => ops.pad(x, { padding: [[0, 0]], mode: 'edge' }),
      (x) => x,
    ),
  ],
  errors: [
    {
      name: 'too few pairs',
      run: () => ops.pad(tensor([[1]]), { padding: [[1, 1]] }),
      message: 'pad: expected [before, after] for each of 2 axes as padding, received [[1, 1]]',
    },
    {
      name: 'negative padding',
      run: () => ops.pad(tensor([1]), { padding: [[-1, 1]] }),
      message: 'pad: expected [before, after] for each of 1 axes as padding, received [[-1, 1]]',
    },
    {
      name: 'a reflection of more than there is',
      run: () => ops.pad(tensor([1, 2]), { padding: [[2, 0]], mode: 'reflect' }),
      message: "pad: expected paddings smaller than their axes for mode 'reflect', received [[2, 0]] for [2]",
    },
    {
      name: 'an edge of nothing',
      run: () => ops.pad(zeros([0]), { padding: [[1, 0]], mode: 'edge' }),
      message: "pad: expected axes with elements for mode 'edge', received [[1, 0]] for [0]",
    },
    {
      name: 'a value that the dtype cannot hold',
      run: () => ops.pad(tensor(new Uint8Array(1)), { padding: [[1, 0]], value: 256 }),
      message: 'pad: expected a value that uint8 can hold, received 256',
    },
  ],
})

const tiled = (repeats: number[]) => (x: Nd) =>
  nd(
    x.shape.map((size, axis) => size * (repeats[axis] as number)),
    (...index) => ndIndex(x, ...index.map((i, axis) => i % (x.shape[axis] as number))),
  )

const tile = opCase({
  op: 'tile',
  variants: withDtypes([
    variant('both axes', [2, 3], (x) => ops.tile(x, { repeats: [3, 2] }), tiled([3, 2])),
    variant('one of three', [2, 1, 3], (x) => x.tile({ repeats: [1, 4, 1] }), tiled([1, 4, 1])),
    variant('once', [2, 3], (x) => x.tile({ repeats: [1, 1] }), tiled([1, 1])),
    variant('never', [2, 3], (x) => x.tile({ repeats: [1, 0] }), tiled([1, 0])),
  ]),
  errors: [
    {
      name: 'too few repeats',
      run: () => ops.tile(tensor([[1]]), { repeats: [2] }),
      message: 'tile: expected an integer of at least 0 for each of 2 axes as repeats, received [2]',
    },
  ],
})

const reshaped = (shape: number[]) => (x: Nd) => ({ shape, data: x.data })

const views = [
  opCase({
    op: 'squeeze',
    variants: [
      variant('all', [1, 3, 1, 2], (x) => ops.squeeze(x), reshaped([3, 2])),
      variant('one', [1, 3, 1], (x) => x.squeeze({ axis: -1 }), reshaped([1, 3])),
      variant('none', [2, 3], (x) => x.squeeze(), reshaped([2, 3])),
    ],
    errors: [
      {
        name: 'an axis of another size',
        run: () => ops.squeeze(zeros([2, 1]), { axis: 0 }),
        message: 'squeeze: expected size 1 along axis 0, received shape [2, 1]',
      },
    ],
  }),
  opCase({
    op: 'unsqueeze',
    variants: [
      variant('first', [2, 3], (x) => ops.unsqueeze(x), reshaped([1, 2, 3])),
      variant('last', [2, 3], (x) => x.unsqueeze({ axis: -1 }), reshaped([2, 3, 1])),
      variant('a scalar', [], (x) => x.unsqueeze(), reshaped([1])),
    ],
    errors: [
      {
        name: 'an axis out of range',
        run: () => ops.unsqueeze(zeros([2]), { axis: 2 }),
        message: 'unsqueeze: expected an axis from -2 to 1 for shape [2], received 2',
      },
    ],
  }),
  opCase({
    op: 'flatten',
    variants: [
      variant('all', [2, 3, 2], (x) => ops.flatten(x), reshaped([12])),
      variant('all but the first', [2, 3, 2], (x) => x.flatten({ startAxis: 1 }), reshaped([2, 6])),
      variant('the first two', [2, 3, 2], (x) => x.flatten({ endAxis: 1 }), reshaped([6, 2])),
      variant('a scalar', [], (x) => x.flatten(), reshaped([1])),
    ],
    errors: [
      {
        name: 'axes in the wrong order',
        run: () => ops.flatten(zeros([2, 3]), { startAxis: 1, endAxis: 0 }),
        message: 'flatten: expected startAxis before endAxis, received 1 and 0',
      },
    ],
  }),
]

export default [transpose, slice, flip, concat, stack, split, pad, tile, ...views]
