import { ops, tensor, type Tensor } from 'landbridge'
import { nd, ndOf, type Nd } from 'landbridge/testing'
import { opCase, type OpCase, type Sample, type Variant } from '../support/case.js'

type Reduction = 'mean' | 'sum' | 'none' | 'batchMean'

/** Applies f to pairs of elements, then reduces as told. */
function pairwise(f: (a: number, b: number) => number, reduction: Reduction = 'mean') {
  return (a: Nd, b: Nd): Nd => {
    const terms = a.data.map((value, i) => f(value, b.data[i] as number))
    if (reduction === 'none') return ndOf(a.shape, terms)
    const total = terms.reduce((sum, term) => sum + term, 0)
    const divisor = { sum: 1, mean: terms.length, batchMean: a.shape[0] ?? 1 }[reduction]
    return nd([], () => total / divisor)
  }
}

interface Loss {
  name: string
  call: (a: Tensor, b: Tensor, options: { reduction?: 'mean' | 'sum' | 'none' }) => Tensor
  f: (a: number, b: number) => number
  ranges?: [Sample['range'], Sample['range']]
  extra?: Variant[]
  rest?: Partial<OpCase>
}

function lossCase({ name, call, f, ranges = [undefined, undefined], extra = [], rest }: Loss): OpCase {
  const variant = (label: string, shape: number[], reduction?: 'mean' | 'sum' | 'none'): Variant => ({
    name: label,
    inputs: ranges.map((range) => ({ shape, range })),
    run: (a, b) => call(a, b, { reduction }),
    reference: pairwise(f, reduction),
  })
  return opCase({
    op: name,
    variants: [
      variant('mean', [3, 5]),
      variant('sum', [7], 'sum'),
      variant('each', [2, 3, 2], 'none'),
      variant('one number', [], 'mean'),
      variant('empty', [0, 2], 'sum'),
      ...extra,
    ],
    errors: [
      {
        name: 'other shapes',
        run: () => call(tensor([1, 2]), tensor([1]), {}),
        message: `${name}: expected targets of shape [2], received [1]`,
      },
      {
        name: 'an unknown reduction',
        run: () => call(tensor([1]), tensor([1]), { reduction: 'max' as never }),
        message: `${name}: expected ${name === 'klDiv' ? reductionsOfKl : reductions} as reduction, received "max"`,
      },
    ],
    ...rest,
  })
}

const reductions = "'mean' or 'sum' or 'none'"
const reductionsOfKl = `${reductions} or 'batchMean'`
const huber = (delta: number) => (a: number, b: number) => {
  const u = Math.abs(a - b)
  return u <= delta ? u ** 2 / 2 : delta * (u - delta / 2)
}
const withLogits = (x: number, t: number) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)))
const bounded = (p: number) => Math.max(Math.log(p), -100)
const kl = (x: number, t: number) => (t > 0 ? t * (Math.log(t) - x) : 0)

export default [
  lossCase({
    name: 'mseLoss',
    call: ops.mseLoss,
    f: (a, b) => (a - b) ** 2,
    rest: { covers: ['mseLossGradient'] },
  }),
  lossCase({ name: 'l1Loss', call: ops.l1Loss, f: (a, b) => Math.abs(a - b) }),
  lossCase({
    name: 'huberLoss',
    call: ops.huberLoss,
    f: huber(1),
    extra: [
      {
        name: 'another delta',
        inputs: [{ shape: [9] }, { shape: [9] }],
        run: (a, b) => ops.huberLoss(a, b, { delta: 0.3 }),
        reference: pairwise(huber(0.3)),
      },
    ],
  }),
  lossCase({
    name: 'binaryCrossEntropyWithLogits',
    call: ops.binaryCrossEntropyWithLogits,
    f: withLogits,
    ranges: [
      [-4, 4],
      [0, 1],
    ],
    extra: [
      {
        name: 'large logits',
        inputs: [
          { shape: [4], values: [90, -90, 200, -200] },
          { shape: [4], values: [1, 0, 0, 1] },
        ],
        run: (a, b) => ops.binaryCrossEntropyWithLogits(a, b, { reduction: 'none' }),
        reference: pairwise(withLogits, 'none'),
        second: false, // differences of 200 leave float32 no digits
      },
    ],
  }),
  lossCase({
    name: 'binaryCrossEntropy',
    call: ops.binaryCrossEntropy,
    f: (p, t) => -t * bounded(p) - (1 - t) * bounded(1 - p),
    ranges: [
      [0.2, 0.8],
      [0.1, 0.9],
    ],
    extra: [
      {
        name: 'certain probabilities',
        inputs: [
          { shape: [4], values: [0, 1, 0, 1] },
          { shape: [4], values: [0, 1, 1, 0] },
        ],
        run: (a, b) => ops.binaryCrossEntropy(a, b),
        reference: () => nd([], () => 50),
        gradient: false, // infinite in the reference
      },
    ],
    rest: {
      covers: ['binaryCrossEntropyTerms'],
      errors: [
        {
          name: 'probabilities above 1',
          run: () => ops.binaryCrossEntropy(tensor([0.5, 1.25]), tensor([1, 0])).itemSync(),
          message: 'binaryCrossEntropy: expected probabilities from 0 to 1, received 1.25',
        },
      ],
    },
  }),
  lossCase({
    name: 'klDiv',
    call: ops.klDiv,
    f: kl,
    ranges: [
      [-3, -0.1],
      [0.1, 1],
    ],
    extra: [
      {
        name: 'over the batch',
        inputs: [
          { shape: [4, 3], range: [-3, -0.1] },
          { shape: [4, 3], range: [0.1, 1] },
        ],
        run: (a, b) => ops.klDiv(a, b, { reduction: 'batchMean' }),
        reference: pairwise(kl, 'batchMean'),
      },
      {
        name: 'targets of 0',
        inputs: [{ shape: [3] }, { shape: [3], values: [0, 0.5, 0.5], requiresGrad: false }],
        run: (a, b) => ops.klDiv(a, b),
        reference: pairwise(kl),
      },
    ],
  }),
]
