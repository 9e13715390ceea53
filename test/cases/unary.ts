import { ops, tensor } from 'landbridge'
import { awayFromKinks, elementwiseCase, erf, mapped, roundHalfEven } from '../support/elementwise.js'
import type { Variant } from '../support/case.js'

const extremes = [-2147483648, 2147483647, -5, 0, 7]
const int32 = (op: (typeof ops)['neg'], f: (x: number) => number): Variant => ({
  name: 'int32',
  inputs: [{ shape: [5], dtype: 'int32', values: extremes }],
  run: (x) => op(x),
  reference: mapped((x) => f(x) | 0),
  gradient: false,
})
const positive = [0.3, 3] as const

const chunks: Variant = {
  name: 'several chunks',
  inputs: [{ shape: [32773] }],
  run: (x) => x.exp(),
  reference: mapped(Math.exp),
  gradient: false,
}

export default [
  elementwiseCase({
    op: ops.neg,
    f: (x) => -x,
    more: [int32(ops.neg, (x) => -x)],
    errors: [
      {
        name: 'bools',
        run: () => ops.neg(tensor([true])),
        message: 'neg: expected x of dtype float32 or int32, received bool',
      },
      {
        name: 'options',
        run: () => tensor(1).neg({ axis: 0 } as never),
        message: 'neg: expected no options, received "axis"',
      },
    ],
  }),
  elementwiseCase({
    op: ops.abs,
    f: Math.abs,
    values: awayFromKinks,
    more: [int32(ops.abs, Math.abs)],
  }),
  elementwiseCase({ op: ops.sign, f: Math.sign, values: awayFromKinks }),
  elementwiseCase({ op: ops.floor, f: Math.floor, values: awayFromKinks }),
  elementwiseCase({ op: ops.ceil, f: Math.ceil, values: awayFromKinks }),
  elementwiseCase({
    op: ops.round,
    f: roundHalfEven,
    values: awayFromKinks,
    more: [
      {
        name: 'ties and large numbers',
        inputs: [
          { shape: [10], values: [0.5, 1.5, 2.5, -0.5, -1.5, 8388607.5, 8388608, 16777217, -8388606.5, 0.49999997] },
        ],
        run: (x) => x.round(),
        reference: mapped(roundHalfEven),
        tolerance: 0,
        gradient: false,
      },
    ],
  }),
  elementwiseCase({ op: ops.square, f: (x) => x * x }),
  elementwiseCase({ op: ops.reciprocal, f: (x) => 1 / x, range: positive }),
  elementwiseCase({ op: ops.sqrt, f: Math.sqrt, range: positive }),
  elementwiseCase({ op: ops.rsqrt, f: (x) => 1 / Math.sqrt(x), range: positive }),
  elementwiseCase({ op: ops.exp, f: Math.exp, more: [chunks] }),
  elementwiseCase({ op: ops.expm1, f: Math.expm1 }),
  elementwiseCase({ op: ops.log, f: Math.log, range: positive }),
  elementwiseCase({ op: ops.log1p, f: Math.log1p, range: [-0.6, 3] }),
  elementwiseCase({ op: ops.erf, f: erf }),
  elementwiseCase({ op: ops.isNaN, f: (x) => Number(Number.isNaN(x)), gradient: false }),
  elementwiseCase({ op: ops.isFinite, f: (x) => Number(Number.isFinite(x)), gradient: false }),
  elementwiseCase({ op: ops.sin, f: Math.sin }),
  elementwiseCase({ op: ops.cos, f: Math.cos }),
  elementwiseCase({ op: ops.tan, f: Math.tan, range: [-1, 1] }),
  elementwiseCase({ op: ops.asin, f: Math.asin, range: [-0.8, 0.8] }),
  elementwiseCase({ op: ops.acos, f: Math.acos, range: [-0.8, 0.8] }),
  elementwiseCase({ op: ops.atan, f: Math.atan }),
  elementwiseCase({ op: ops.sinh, f: Math.sinh }),
  elementwiseCase({ op: ops.cosh, f: Math.cosh }),
]
