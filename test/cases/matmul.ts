import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'

function reference(transposeA: boolean, transposeB: boolean) {
  return (a: Nd, b: Nd): Nd => {
    const [ra, rb] = [a.shape.length, b.shape.length]
    const rank = Math.max(ra, rb)
    const m = a.shape[ra - (transposeA ? 1 : 2)] as number
    const k = a.shape[ra - (transposeA ? 2 : 1)] as number
    const n = b.shape[rb - (transposeB ? 2 : 1)] as number
    const size = (x: Nd, axis: number) => x.shape[axis - (rank - x.shape.length)] ?? 1
    const leading = Array.from({ length: rank - 2 }, (_, i) => Math.max(size(a, i), size(b, i)))
    const of = (x: Nd, batch: number[], i: number, j: number) =>
      ndIndex(x, ...batch.slice(rank - x.shape.length).map((at, axis) => (x.shape[axis] === 1 ? 0 : at)), i, j)
    return nd([...leading, m, n], (...index) => {
      const [j, i] = [index.pop() as number, index.pop() as number]
      let total = 0
      for (let p = 0; p < k; p++) {
        total +=
          (transposeA ? of(a, index, p, i) : of(a, index, i, p)) *
          (transposeB ? of(b, index, j, p) : of(b, index, p, j))
      }
      return total
    })
  }
}

function variant(name: string, a: number[], b: number[], transposeA = false, transposeB = false): Variant {
  return {
    name,
    inputs: [{ shape: a }, { shape: b }],
    run: (x: Tensor, y: Tensor) => ops.matmul(x, y, { transposeA, transposeB }),
    reference: reference(transposeA, transposeB),
  }
}

export default opCase({
  op: 'matmul',
  variants: [
    variant('small', [2, 3], [3, 4]),
    variant('one by one', [1, 1], [1, 1]),
    variant('no inner dimension', [2, 0], [0, 3]),
    variant('A transposed', [5, 3], [5, 2], true),
    variant('B transposed', [3, 5], [2, 5], false, true),
    variant('both transposed', [4, 3], [2, 4], true, true),
    variant('batches', [2, 3, 4], [2, 4, 5]),
    variant('one right-hand side for a batch', [3, 2, 4], [4, 5]),
    variant('leading dimensions that broadcast', [2, 1, 3, 2], [4, 2, 3]),
    variant('batches, both transposed', [2, 4, 3], [2, 5, 4], true, true),
    { ...variant('past the packing threshold', [67, 131], [131, 71]), gradient: false },
  ],
  errors: [
    {
      name: 'vectors',
      run: () => ops.matmul(tensor([1, 2]), tensor([[1, 2]])),
      message: 'matmul: expected tensors of rank 2 or more, received [2] and [1, 2]',
    },
    {
      name: 'inner dimensions that differ',
      run: () => ops.matmul(tensor([[1, 2]]), tensor([[1, 2]])),
      message: 'matmul: expected inner dimensions that agree, [..., m, k] and [..., k, n], received [1, 2] and [1, 2]',
    },
    {
      name: 'integers',
      run: () => ops.matmul(tensor(new Int32Array(4), { shape: [2, 2] }), tensor([[1, 2]])),
      message: 'matmul: expected a of dtype float32, received int32',
    },
  ],
})
