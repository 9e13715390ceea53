import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { definedOps } from '../../src/engine/op.js'
import { opCase, type Variant } from '../support/case.js'

/** The sample covariance of columns a and b, from their definition. */
function covariance(x: Nd, a: number, b: number): number {
  const n = x.shape[0] as number
  let [meanA, meanB] = [0, 0]
  for (let i = 0; i < n; i++) {
    meanA += ndIndex(x, i, a) / n
    meanB += ndIndex(x, i, b) / n
  }
  let total = 0
  for (let i = 0; i < n; i++) total += (ndIndex(x, i, a) - meanA) * (ndIndex(x, i, b) - meanB)
  return total / (n - 1)
}

function reference(x: Nd, y: Nd): Nd {
  const d = x.shape[1] as number
  let total = 0
  for (let a = 0; a < d; a++) {
    for (let b = 0; b < d; b++) total += (covariance(x, a, b) - covariance(y, a, b)) ** 2
  }
  return nd([], () => total / (4 * d * d))
}

const variant = (name: string, x: number[], y: number[], rest: Partial<Variant> = {}): Variant => ({
  name,
  inputs: [{ shape: x }, { shape: y, range: [-1, 3] }],
  run: (a, b) => ops.coral(a, b),
  reference,
  ...rest,
})

export default opCase({
  op: 'coral',
  variants: [
    variant('equal sizes', [5, 3], [5, 3]),
    variant('other sizes', [3, 4], [11, 4]),
    variant('one column', [7, 1], [2, 1]),
    variant('more columns than rows', [2, 7], [3, 7]),
    variant('several blocks of columns', [40, 67], [30, 67], { gradient: false }),
    variant('a large offset', [6, 3], [8, 3], {
      inputs: [
        { shape: [6, 3], range: [999, 1001] },
        { shape: [8, 3], range: [998, 1001] },
      ],
      second: false, // float32 differences of the gradient drown at this offset
      gradientTolerance: 1e-3,
    }),
    variant('the composed twin', [5, 3], [4, 3], {
      run: (x: Tensor, y: Tensor) => definedOps.get('coral')?.compose?.([x, y] as never, {}) as Tensor,
    }),
  ],
  errors: [
    {
      name: 'other columns',
      run: () => ops.coral(tensor([[1, 2]]), tensor([[1]])),
      message: 'coral: expected x [n, d] and y [m, d] with d ≥ 1, received [1, 2] and [1, 1]',
    },
    {
      name: 'a single row',
      run: () => ops.coral(tensor([[1, 2]]), tensor([[1, 2]])),
      message: 'coral: expected at least 2 rows on each side, received 1 and 1',
    },
  ],
})
