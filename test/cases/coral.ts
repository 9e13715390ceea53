import { grad, ops, tensor, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { definedOps } from '../../src/engine/op.js'
import { opCase, type Sample, type Variant } from '../support/case.js'

/** Rows less their mean. */
function centred(x: Nd): Nd {
  const [n, d] = x.shape as [number, number]
  const mean = Array.from({ length: d }, () => 0)
  for (let i = 0; i < n; i++) for (let c = 0; c < d; c++) (mean[c] as number) += ndIndex(x, i, c) / n
  return nd(x.shape, (i, c) => ndIndex(x, i as number, c as number) - (mean[c as number] as number))
}

/** The sample covariance of all columns, from its definition. */
function covariance(x: Nd): Nd {
  const [n, d] = x.shape as [number, number]
  const z = centred(x)
  return nd([d, d], (a, b) => {
    let total = 0
    for (let i = 0; i < n; i++) total += ndIndex(z, i, a as number) * ndIndex(z, i, b as number)
    return total / (n - 1)
  })
}

const difference = (x: Nd, y: Nd): Nd => {
  const [a, b] = [covariance(x), covariance(y)]
  return { shape: a.shape, data: a.data.map((value, i) => value - (b.data[i] as number)) }
}

function reference(x: Nd, y: Nd): Nd {
  const d = x.shape[1] as number
  return nd([], () => difference(x, y).data.reduce((total, value) => total + value ** 2, 0) / (4 * d * d))
}

/** d coral/dx = centred x · (C(x) − C(y)) / (d²(n − 1)). */
function gradientReference(x: Nd, y: Nd, factor: number): Nd {
  const [n, d] = x.shape as [number, number]
  const [z, delta] = [centred(x), difference(x, y)]
  return nd(x.shape, (i, c) => {
    let total = 0
    for (let b = 0; b < d; b++) total += ndIndex(z, i as number, b) * ndIndex(delta, b, c as number)
    return (factor * total) / (d * d * (n - 1))
  })
}

const variant = (name: string, x: number[], y: number[], rest: Partial<Variant> = {}): Variant => ({
  name,
  inputs: [{ shape: x }, { shape: y, range: [-1, 3] }],
  run: (a, b) => ops.coral(a, b),
  reference,
  ...rest,
})

/** The value times 4·d, which is of order 1 and so tested as closely as the rest. */
const scaled = (name: string, x: number[], y: number[], range?: readonly [number, number]): Variant => {
  const factor = 4 * (x[1] as number)
  return variant(name, x, y, {
    run: (a, b) => ops.mul(ops.coral(a, b), factor),
    reference: (a, b) => nd([], () => factor * (reference(a, b).data[0] as number)),
    gradient: false,
    ...(range && {
      inputs: [
        { shape: x, range },
        { shape: y, range },
      ],
    }),
  })
}

/** The gradient of one side, times n·d so that it is of order 1, with or without the other's. */
function gradientVariant(name: string, x: number[], y: number[], side: 0 | 1, both: boolean): Variant {
  const [rows, d] = [x, y][side] as [number, number]
  const samples: Sample[] = [{ shape: x }, { shape: y, range: [-1, 3] }]
  return {
    name: `gradient, ${name}`,
    inputs: samples.map((sample, i) => ({ ...sample, requiresGrad: both || i === side })),
    run: (a, b) => {
      const value = ops.coral(a, b)
      if (!value.requiresGrad) return value // under noGrad, as the test of leaks calls it
      const wanted = both ? [a, b] : [[a, b][side] as Tensor]
      return ops.mul(grad(value, wanted)[both ? side : 0] as Tensor, rows * d)
    },
    reference: (a, b) => (side === 0 ? gradientReference(a, b, rows * d) : gradientReference(b, a, rows * d)),
    gradient: false,
  }
}

const shapes: [string, number[], number[]][] = [
  ['few rows, a panel and one column', [13, 33], [7, 33]],
  ['few wide rows, several tiles', [97, 401], [109, 401]],
  ['many rows, primes', [211, 67], [101, 67]],
  ['many rows, several blocks of columns', [290, 263], [307, 263]],
]

const denormal = (...shapes: number[][]): Partial<Variant> => ({
  inputs: shapes.map((shape) => ({ shape, range: [-1e-40, 1e-40] })),
  gradient: false,
})

export default opCase({
  op: 'coral',
  variants: [
    variant('equal sizes', [5, 3], [5, 3]),
    variant('other sizes', [3, 4], [11, 4]),
    variant('one column', [7, 1], [2, 1]),
    variant('more columns than rows', [2, 7], [3, 7]),
    ...shapes.flatMap(([name, x, y], i) => [
      scaled(name, x, y),
      gradientVariant(name, x, y, i % 2 === 0 ? 0 : 1, true),
      gradientVariant(`${name}, one side alone`, x, y, i % 2 === 0 ? 1 : 0, false),
    ]),
    scaled('few rows at offset 1000', [5, 40], [6, 40], [998, 1002]),
    scaled('many rows at offset 1000', [60, 9], [70, 9], [998, 1002]),
    variant('few rows of denormals', [5, 40], [6, 40], denormal([5, 40], [6, 40])),
    variant('many rows of denormals', [60, 9], [70, 9], denormal([60, 9], [70, 9])),
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
