import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'

function reference(relu: boolean) {
  return (x: Nd, w: Nd, bias?: Nd): Nd => {
    const [k, n] = w.shape as [number, number]
    return nd([...x.shape.slice(0, -1), n], (...index) => {
      const j = index.pop() as number
      let total = bias ? ndIndex(bias, j) : 0
      for (let p = 0; p < k; p++) total += ndIndex(x, ...index, p) * ndIndex(w, p, j)
      return relu ? Math.max(total, 0) : total
    })
  }
}

function variant(name: string, x: number[], w: [number, number], bias: boolean, relu = false): Variant {
  return {
    name,
    inputs: [{ shape: x }, { shape: w }, ...(bias ? [{ shape: [w[1]] }] : [])],
    run: (a: Tensor, b: Tensor, c?: Tensor) => ops.linear(a, b, c, { activation: relu ? 'relu' : 'none' }),
    reference: reference(relu),
  }
}

export default opCase({
  op: 'linear',
  covers: ['linearGradient'],
  variants: [
    variant('with a bias', [3, 5], [5, 2], true),
    variant('without a bias', [3, 5], [5, 2], false),
    variant('rectified', [4, 3], [3, 5], true, true),
    variant('rectified, without a bias', [4, 3], [3, 5], false, true),
    variant('leading dimensions', [2, 3, 2, 3], [3, 4], true),
    variant('leading dimensions, rectified', [2, 3, 3], [3, 2], true, true),
    variant('no rows', [0, 3], [3, 2], true),
    variant('no inner dimension', [2, 0], [0, 3], true),
    variant('one by one', [1, 1], [1, 1], true),
    { ...variant('past the packing threshold', [67, 131], [131, 71], true, true), gradient: false },
  ],
  errors: [
    {
      name: 'a vector',
      run: () => ops.linear(tensor([1, 2]), tensor([[1], [2]])),
      message: 'linear: expected x [..., m, k] and w [k, n], received [2] and [2, 1]',
    },
    {
      name: 'inner dimensions that differ',
      run: () => ops.linear(tensor([[1, 2]]), tensor([[1, 2]])),
      message: 'linear: expected x [..., m, k] and w [k, n], received [1, 2] and [1, 2]',
    },
    {
      name: 'a bias of another size',
      run: () => ops.linear(tensor([[1, 2]]), tensor([[1], [2]]), tensor([1, 2])),
      message: 'linear: expected a bias of shape [1], received [2]',
    },
    {
      name: 'an activation that it does not fuse',
      run: () => ops.linear(tensor([[1, 2]]), tensor([[1], [2]]), { activation: 'cube' as 'relu' }),
      message: "linear: expected 'none' or 'relu' as activation, received \"cube\"",
    },
  ],
})
