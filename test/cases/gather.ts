import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'

const indices = (shape: number[], values: number[]): Sample => ({ shape, values, dtype: 'int32' })

const gathered = (axis: number) => (x: Nd, chosen: Nd) => {
  const rank = chosen.shape.length
  const shape = [...x.shape.slice(0, axis), ...chosen.shape, ...x.shape.slice(axis + 1)]
  return nd(shape, (...index) => {
    const which = ndIndex(chosen, ...index.slice(axis, axis + rank))
    return ndIndex(x, ...index.slice(0, axis), which, ...index.slice(axis + rank))
  })
}

const take = (name: string, shape: number[], chosen: Sample, axis: number, rest: Partial<Variant> = {}): Variant => ({
  name,
  inputs: [{ shape }, chosen],
  run: (x, at) => ops.gather(x, at as Tensor, { axis }),
  reference: (x, at) => gathered(axis < 0 ? axis + shape.length : axis)(x, at as Nd),
  ...rest,
})

const gather = opCase({
  op: 'gather',
  covers: ['scatterSum'],
  variants: [
    take('rows', [5, 3], indices([4], [4, 0, 2, 2]), 0),
    take('columns', [3, 4], indices([2], [3, 1]), -1),
    take('the middle axis', [2, 3, 2], indices([4], [0, 2, 1, 2]), 1),
    take('indices of two axes', [2, 4], indices([2, 3], [0, 1, 2, 3, 3, 3]), 1),
    take('one index', [4, 3], indices([], [2]), 0),
    take('no indices', [4, 3], indices([0], []), 0),
    take('slices of no elements', [4, 0], indices([2], [3, 0]), 0),
    ...(['int32', 'uint8', 'bool'] as const).map((dtype) => ({
      ...take(dtype, [5, 3], indices([4], [4, 0, 2, 2]), 0),
      inputs: [{ shape: [5, 3], dtype }, indices([4], [4, 0, 2, 2])],
      gradient: false,
    })),
    take('many', [1009, 67], { shape: [2003], dtype: 'int32', range: [0, 1009] }, 0, { gradient: false }),
  ],
  errors: [
    {
      name: 'indices that are no integers',
      run: () => ops.gather(tensor([1, 2]), tensor([0, 1])),
      message: 'gather: expected indices of dtype int32, received float32',
    },
    {
      name: 'an axis that is not there',
      run: () => ops.gather(tensor([1, 2]), tensor(new Int32Array(1)), { axis: 1 }),
      message: 'gather: expected an axis from -1 to 0 for shape [2], received 1',
    },
  ],
})

/** Adds every slice of the updates in turn. */
const scattered = (axis: number) => (x: Nd, chosen: Nd, updates: Nd) => {
  const result = { shape: x.shape, data: Float64Array.from(x.data) }
  const outer = x.shape.slice(0, axis).reduce((a, b) => a * b, 1)
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const n = x.shape[axis] as number
  for (let o = 0; o < outer; o++) {
    chosen.data.forEach((at, k) => {
      for (let i = 0; i < inner; i++) {
        const place = (o * n + at) * inner + i
        const update = updates.data[(o * chosen.data.length + k) * inner + i] as number
        result.data[place] = (result.data[place] as number) + update
      }
    })
  }
  return result
}

const put = (name: string, x: Sample, chosen: Sample, updates: Sample, axis: number, rest: Partial<Variant> = {}) => ({
  name,
  inputs: [x, chosen, updates],
  run: (...[a, at, b]: Tensor[]) => ops.scatterAdd(a as Tensor, at as Tensor, b as Tensor, { axis }),
  reference: (...[a, at, b]: Nd[]) => scattered(axis)(a as Nd, at as Nd, b as Nd),
  ...rest,
})

const scatterAdd = opCase({
  op: 'scatterAdd',
  variants: [
    put('rows, some of which meet', { shape: [4, 3] }, indices([5], [1, 3, 1, 1, 0]), { shape: [5, 3] }, 0),
    put('columns', { shape: [2, 3] }, indices([2], [2, 2]), { shape: [2, 2] }, 1),
    put('indices of two axes', { shape: [3, 2] }, indices([2, 2], [0, 1, 0, 2]), { shape: [2, 2, 2] }, 0),
    put('no indices', { shape: [2, 2] }, indices([0], []), { shape: [0, 2] }, 0),
    put('one row of nothing', { shape: [0, 2] }, indices([0], []), { shape: [0, 2] }, 0),
    put(
      'many on few',
      { shape: [7, 301] },
      { shape: [5003], dtype: 'int32', range: [0, 7] },
      { shape: [5003, 301] },
      0,
      { gradient: false },
    ),
    put(
      'int32 that wraps',
      { shape: [2], dtype: 'int32', values: [2147483647, 0] },
      indices([1], [0]),
      { shape: [1], dtype: 'int32', values: [1] },
      0,
      { reference: () => nd([2], (i) => (i === 0 ? -2147483648 : 0)), gradient: false },
    ),
  ],
  errors: [
    {
      name: 'updates of another shape',
      run: () => ops.scatterAdd(tensor([1, 2]), tensor(new Int32Array(3)), tensor([1, 2])),
      message: 'scatterAdd: expected updates of shape [3], received [2]',
    },
    {
      name: 'updates of another dtype',
      run: () => ops.scatterAdd(tensor([1, 2]), tensor(new Int32Array(1)), tensor(new Int32Array(1))),
      message: 'scatterAdd: expected updates of dtype float32, received int32',
    },
  ],
})

const hot = (depth: number) => (at: Nd) =>
  nd([...at.shape, depth], (...index) => Number(ndIndex(at, ...index.slice(0, -1)) === index.at(-1)))

const oneHot = opCase({
  op: 'oneHot',
  variants: [
    {
      name: 'a vector',
      inputs: [indices([4], [2, 0, 4, 4])],
      run: (at: Tensor) => ops.oneHot(at, { depth: 5 }),
      reference: hot(5),
    },
    {
      name: 'a matrix',
      inputs: [indices([2, 2], [2, 0, 1, 1])],
      run: (at: Tensor) => at.oneHot({ depth: 3 }),
      reference: hot(3),
    },
    {
      name: 'nothing',
      inputs: [indices([0], [])],
      run: (at: Tensor) => ops.oneHot(at, { depth: 2 }),
      reference: hot(2),
    },
  ].map((each) => ({ ...each, gradient: false })),
  errors: [
    {
      name: 'no depth',
      run: () => ops.oneHot(tensor(new Int32Array(1))),
      message: 'oneHot: expected an integer of at least 1 as depth, received 0',
    },
    {
      name: 'floats',
      run: () => ops.oneHot(tensor([1]), { depth: 2 }),
      message: 'oneHot: expected indices of dtype int32, received float32',
    },
  ],
})

const embedding = opCase({
  op: 'embedding',
  variants: [
    {
      name: 'a batch of sequences',
      inputs: [{ shape: [4, 3] }, indices([2, 3], [0, 3, 3, 1, 0, 0])],
      run: (weights, ids) => ops.embedding(weights, ids as Tensor),
      reference: (weights, ids) => gathered(0)(weights, ids as Nd),
    },
  ],
  errors: [
    {
      name: 'weights that are no matrix',
      run: () => ops.embedding(tensor([1]), tensor(new Int32Array(1))),
      message: 'embedding: expected float32 weights [v, d], received float32 [1]',
    },
    {
      name: 'ids that are no integers',
      run: () => ops.embedding(tensor([[1]]), tensor([0])),
      message: 'embedding: expected indices of dtype int32, received float32',
    },
  ],
})

export default [gather, scatterAdd, oneHot, embedding]
