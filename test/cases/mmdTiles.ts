/** Sizes around the tiles of the kernel: values, and whole gradients against the definition. */
import { grad, ops, tensor, type Tensor } from 'landbridge'
import type { Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { gradientOf, mmdReference, type MmdOptions } from '../support/mmd.js'

type Shape = [number, number]

const gathered = (x: Nd, factor: number): Nd => ({ shape: x.shape, data: x.data.map((v) => v * factor) })

/** d mmd/dx, times n so that it is of order 1; of y where `side` is 1. The other one is computed as `both` says. */
function gradientVariant(name: string, x: Shape, y: Shape, side: 0 | 1, both: boolean, options: MmdOptions): Variant {
  const rows = [x, y][side]?.[0] as number
  const sample = (shape: Shape, index: number): Sample => ({
    shape,
    range: index === 0 ? [-2, 2] : [-1, 3],
    requiresGrad: both || index === side,
  })
  return {
    name: `gradient, ${name}`,
    inputs: [sample(x, 0), sample(y, 1)],
    run: (a, b) => {
      const value = ops.mmd(a, b, options)
      if (!value.requiresGrad) return value // under noGrad, as the test of leaks calls it
      const wanted = both ? [a, b] : [[a, b][side] as Tensor]
      return ops.mul(grad(value, wanted)[both ? side : 0] as Tensor, 10 * rows)
    },
    reference: (a, b) => gathered(side === 0 ? gradientOf(a, b, options) : gradientOf(b, a, options), 10 * rows),
    gradient: false,
  }
}

function valueVariant(name: string, x: Sample, y: Sample, options: MmdOptions = {}): Variant {
  return {
    name: `value, ${name}`,
    inputs: [x, y].map((sample) => ({ ...sample, requiresGrad: false })),
    run: (a, b) => ops.mmd(a, b, options),
    reference: mmdReference(options),
    gradient: false,
  }
}

const shapes: [string, Shape, Shape, MmdOptions][] = [
  ['one element each', [1, 1], [1, 1], { bandwidth: 2 }],
  ['primes', [13, 5], [7, 5], {}],
  ['a tile and one row', [97, 33], [193, 33], {}],
  ['unbiased, panels less one', [95, 31], [191, 31], { estimator: 'unbiased' }],
  ['other scales', [101, 17], [64, 17], { scales: [0.3, 1, 7] }],
  ['several blocks of wide rows', [37, 531], [150, 531], {}],
  ['large blocks', [811, 3], [760, 3], {}],
]

const far: Sample = { shape: [40, 2], range: [-1e6, 1e6] }
const denormal = (shape: Shape): Sample => ({ shape, range: [-1e-40, 1e-40] })

export default opCase({
  op: 'mmd',
  variants: [
    ...shapes.flatMap(([name, x, y, options], i) => [
      valueVariant(name, { shape: x }, { shape: y, range: [-1, 3] }, options),
      gradientVariant(name, x, y, i % 2 === 0 ? 0 : 1, true, options),
    ]),
    gradientVariant('of x alone', [130, 9], [71, 9], 0, false, {}),
    gradientVariant('of y alone', [130, 9], [71, 9], 1, false, {}),
    valueVariant('a large offset', { shape: [150, 20], range: [998, 1002] }, { shape: [40, 20], range: [999, 1002] }),
    valueVariant('denormals', denormal([30, 5]), denormal([21, 5])),
    valueVariant('points far apart', far, far, { bandwidth: 1 }),
    valueVariant('no columns', { shape: [4, 0] }, { shape: [3, 0] }, { bandwidth: 1 }),
    valueVariant('linear, many rows', { shape: [1001, 7] }, { shape: [1203, 7] }, { estimator: 'linear' }),
    {
      name: 'NaN anywhere is NaN',
      inputs: [{ shape: [1, 2], values: [1, NaN] }, { shape: [20, 2] }],
      run: (x, y) => ops.mmd(x, y, { bandwidth: 1 }),
      reference: () => ({ shape: [], data: Float64Array.of(NaN) }),
      gradient: false,
    },
    {
      name: 'a sample against itself',
      inputs: [{ shape: [50, 4], requiresGrad: false }],
      run: (x) => ops.mmd(x, tensor(x.dataSync(), { shape: x.shape, device: x.device })),
      reference: () => ({ shape: [], data: Float64Array.of(0) }),
      gradient: false,
      tolerance: 1e-6,
    },
  ],
})
