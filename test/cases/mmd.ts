import { ops, tensor } from 'landbridge'
import { definedOps } from '../../src/engine/op.js'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import type { Tensor } from 'landbridge'
import { opCase } from '../support/case.js'

interface Options {
  scales?: number[]
  bandwidth?: number
  estimator?: 'biased' | 'unbiased'
}

function squaredDistance(a: Nd, i: number, b: Nd, j: number): number {
  let total = 0
  for (let c = 0; c < (a.shape[1] as number); c++) total += (ndIndex(a, i, c) - ndIndex(b, j, c)) ** 2
  return total
}

/** Mean of f(i, j) over all pairs; without i = j when `hollow`. */
function meanOverPairs(n: number, m: number, hollow: boolean, f: (i: number, j: number) => number): number {
  let [total, count] = [0, 0]
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      if (hollow && i === j) continue
      total += f(i, j)
      count++
    }
  }
  return total / count
}

function meanDistance(x: Nd, y: Nd): number {
  const [n, m] = [x.shape[0] as number, y.shape[0] as number]
  const row = (i: number): [Nd, number] => (i < n ? [x, i] : [y, i - n])
  return meanOverPairs(n + m, n + m, false, (i, j) => squaredDistance(...row(i), ...row(j)))
}

/** The definition, pair by pair. The bandwidth of the first call stays: it is a constant for the gradient. */
function reference({ scales = [0.25, 0.5, 1, 2, 4], bandwidth, estimator = 'biased' }: Options) {
  let h: number | undefined
  return (x: Nd, y: Nd): Nd => {
    h ??= bandwidth ?? meanDistance(x, y)
    const k = (d: number) => {
      let total = 0
      for (const scale of scales) total += Math.exp(-d / (scale * (h as number)))
      return total
    }
    const mean = (a: Nd, b: Nd) =>
      meanOverPairs(a.shape[0] as number, b.shape[0] as number, a === b && estimator === 'unbiased', (i, j) =>
        k(squaredDistance(a, i, b, j)),
      )
    return nd([], () => mean(x, x) + mean(y, y) - 2 * mean(x, y))
  }
}

const variants = (
  [
    ['equal sizes', [5, 3], [5, 3], {}],
    ['other sizes', [3, 4], [11, 4], {}],
    ['one row each', [1, 2], [1, 2], {}],
    ['one column, several tiles', [70, 1], [67, 1], {}],
    ['unbiased', [6, 3], [4, 3], { estimator: 'unbiased' }],
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
    ...variants.slice(0, 2).map((variant) => ({
      ...variant,
      name: `the composed twin, ${variant.name}`,
      run: (x: Tensor, y: Tensor) => {
        const twin = definedOps.get('mmd')?.compose
        return twin?.([x, y] as never, {
          scales: [0.25, 0.5, 1, 2, 4],
          bandwidth: undefined,
          estimator: 'biased',
        }) as Tensor
      },
      reference: reference({}),
    })),
  ],
  errors: [
    {
      name: 'other columns',
      run: () => ops.mmd(tensor([[1, 2]]), tensor([[1]])),
      message: 'mmd: expected x [n, d] and y [m, d], received [1, 2] and [1, 1]',
    },
    {
      name: 'a NaN bandwidth',
      run: () => ops.mmd(tensor([[1, 2]]), tensor([[1, 2]]), { bandwidth: NaN }),
      message: 'mmd: expected a number as bandwidth, received NaN',
    },
  ],
})
