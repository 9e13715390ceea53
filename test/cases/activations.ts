import { ops, tensor, type Tensor } from 'landbridge'
import { awayFromKinks, elementwiseCase, erf, mapped } from '../support/elementwise.js'
import type { Variant } from '../support/case.js'

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const leaky = (slope: number) => (x: number) => (x > 0 ? x : slope * x)
const elu = (alpha: number) => (x: number) => (x > 0 ? x : alpha * Math.expm1(x))
const gelu = (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2
const geluTanh = (x: number) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const relu = (x: number) => (x > 0 || Number.isNaN(x) ? x : 0)

/** Values at which float32 exponentials saturate, without gradients. */
const ends = (run: (x: Tensor) => Tensor, f: (x: number) => number): Variant => ({
  name: 'both ends',
  inputs: [{ shape: [10], values: [-104, -90, -30, -17, -6, 6, 17, 30, 90, 104] }],
  run,
  reference: mapped(f),
  tolerance: 1e-6,
  gradient: false,
})

const option = (name: string, run: (x: Tensor) => Tensor, f: (x: number) => number): Variant => ({
  name,
  inputs: [{ shape: [21], values: awayFromKinks }],
  run,
  reference: mapped(f),
})

export default [
  elementwiseCase({ op: ops.relu, f: relu, values: awayFromKinks, covers: ['reluGrad'] }),
  elementwiseCase({
    op: ops.leakyRelu,
    f: leaky(0.01),
    values: awayFromKinks,
    covers: ['leakyReluGrad'],
    more: [option('a negative slope', (x) => x.leakyRelu({ slope: -0.5 }), leaky(-0.5))],
    errors: [
      {
        name: 'an infinite slope',
        run: () => tensor(1).leakyRelu({ slope: Infinity }),
        message: 'leakyRelu: expected a finite number as slope, received Infinity',
      },
    ],
  }),
  elementwiseCase({
    op: ops.elu,
    f: elu(1),
    values: awayFromKinks,
    covers: ['eluGrad'],
    more: [option('alpha 0.3', (x) => x.elu({ alpha: 0.3 }), elu(0.3)), ends(ops.elu, elu(1))],
    errors: [
      {
        name: 'a text as alpha',
        run: () => tensor(1).elu({ alpha: '1' as never }),
        message: 'elu: expected a finite number as alpha, received "1"',
      },
    ],
  }),
  elementwiseCase({ op: ops.sigmoid, f: sigmoid, covers: ['sigmoidGrad'], more: [ends(ops.sigmoid, sigmoid)] }),
  elementwiseCase({ op: ops.tanh, f: Math.tanh, covers: ['tanhGrad'], more: [ends(ops.tanh, Math.tanh)] }),
  elementwiseCase({ op: ops.softplus, f: softplus, more: [ends(ops.softplus, softplus)] }),
  elementwiseCase({
    op: ops.silu,
    f: (x) => x * sigmoid(x),
    covers: ['siluGrad'],
    more: [ends(ops.silu, (x) => x * sigmoid(x))],
  }),
  elementwiseCase({
    op: ops.gelu,
    f: gelu,
    covers: ['geluGrad'],
    more: [
      ends(ops.gelu, gelu),
      option('the tanh approximation', (x) => x.gelu({ approximate: 'tanh' }), geluTanh),
      ends((x) => x.gelu({ approximate: 'tanh' }), geluTanh),
    ],
    errors: [
      {
        name: 'another approximation',
        run: () => tensor(1).gelu({ approximate: 'erf' as never }),
        message: "gelu: expected 'none' or 'tanh' as approximate, received \"erf\"",
      },
    ],
  }),
]
