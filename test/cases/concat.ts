import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { product, variant, withDtypes } from '../support/movement.js'

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

export default [concat, stack, split]
