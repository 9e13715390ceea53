import { ops, tensor, zeros } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase } from '../support/case.js'
import { variant, withDtypes } from '../support/movement.js'

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

export default [pad, tile, ...views]
