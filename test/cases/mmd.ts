import { ops, tensor } from 'landbridge'
import { definedOps } from '../../src/engine/op.js'
import { nd } from 'landbridge/testing'
import type { Tensor } from 'landbridge'
import { opCase } from '../support/case.js'
import { mmdReference as reference, type MmdOptions as Options } from '../support/mmd.js'

const variants = (
  [
    ['equal sizes', [5, 3], [5, 3], {}],
    ['other sizes', [3, 4], [11, 4], {}],
    ['one row each', [1, 2], [1, 2], {}],
    ['one column, several tiles', [70, 1], [67, 1], {}],
    ['unbiased', [6, 3], [4, 3], { estimator: 'unbiased' }],
    ['linear', [6, 3], [6, 3], { estimator: 'linear' }],
    ['linear, other sizes, an odd row', [5, 4], [9, 4], { estimator: 'linear', bandwidth: 2.5 }],
    ['scales of powers of two, in disorder', [4, 5], [6, 5], { scales: [3, 0.75, 1.5] }],
    ['a bandwidth and scales', [4, 5], [6, 5], { bandwidth: 1.7, scales: [0.3, 1, 9] }],
  ] as [string, [number, number], [number, number], Options][]
).map(([name, x, y, options]) => ({
  name,
  inputs: [{ shape: x }, { shape: y, range: [-1, 3] as [number, number] }],
  run: (a: Tensor, b: Tensor) => ops.mmd(a, b, options),
  reference: reference(options),
  second: x[0] < 50, // the composed twin is quadratic; small samples show all it does
}))

export default opCase({
  op: 'mmd',
  variants: [
    ...variants,
    {
      name: 'a large offset',
      inputs: [
        { shape: [6, 4], range: [999, 1001] },
        { shape: [8, 4], range: [999.5, 1001] },
      ],
      run: (x: Tensor, y: Tensor) => ops.mmd(x, y),
      reference: reference({}),
      second: false, // float32 differences of the gradient drown at this offset
      gradientTolerance: 1e-3,
    },
    {
      name: 'a single point, h = 0',
      inputs: [
        { shape: [3, 2], values: [1, 2, 1, 2, 1, 2] },
        { shape: [2, 2], values: [1, 2, 1, 2] },
      ],
      run: (x: Tensor, y: Tensor) => ops.mmd(x, y),
      reference: () => nd([], () => 0),
      second: false, // the bandwidth jumps from 0 with the first difference
    },
    ...(['biased', 'linear'] as const).map((estimator) => ({
      name: `the composed twin, ${estimator}`,
      inputs: [{ shape: [3, 4] }, { shape: [11, 4], range: [-1, 3] as [number, number] }],
      run: (x: Tensor, y: Tensor) => {
        const options = { scales: [0.25, 0.5, 1, 2, 4], bandwidth: undefined, estimator }
        return definedOps.get('mmd')?.compose?.([x, y] as never, options) as Tensor
      },
      reference: reference({ estimator }),
    })),
  ],
  errors: [
    {
      name: 'other columns',
      run: () => ops.mmd(tensor([[1, 2]]), tensor([[1]])),
      message: 'mmd: expected x [n, d] and y [m, d], received [1, 2] and [1, 1]',
    },
    {
      name: 'one row for the linear estimator',
      run: () => ops.mmd(tensor([[1, 2]]), tensor([[1, 2]]), { estimator: 'linear' }),
      message: 'mmd: expected at least 2 rows on each side, received 1 and 1',
    },
    {
      name: 'another estimator',
      run: () => ops.mmd(tensor([[1], [2]]), tensor([[1], [2]]), { estimator: 'median' as 'biased' }),
      message: "mmd: expected 'biased', 'unbiased' or 'linear' as estimator, received \"median\"",
    },
    {
      name: 'a NaN bandwidth',
      run: () => ops.mmd(tensor([[1, 2]]), tensor([[1, 2]]), { bandwidth: NaN }),
      message: 'mmd: expected a number as bandwidth, received NaN',
    },
  ],
})
