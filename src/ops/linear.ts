import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { matmul } from './matmul.js'
import { sum } from './reductions.js'
import { reluGrad } from './reluGrad.js'
import { reshape } from './shape.js'

type LinearActivation = 'none' | 'relu'

function check(x: Tensor, w: Tensor, bias: Tensor | undefined, activation: LinearActivation): void {
  if (x.rank < 2 || w.rank !== 2 || x.shape[x.rank - 1] !== w.shape[0]) {
    const shapes = `[${x.shape.join(', ')}] and [${w.shape.join(', ')}]`
    throw new ShapeError('linear', 'x [..., m, k] and w [k, n]', shapes)
  }
  if (bias !== undefined && (bias.rank !== 1 || bias.shape[0] !== w.shape[1])) {
    throw new ShapeError('linear', `a bias of shape [${w.shape[1]}]`, `[${bias.shape.join(', ')}]`)
  }
  if (activation !== 'none' && activation !== 'relu') {
    throw new ArgumentError('linear', "'none' or 'relu' as activation", describe(activation))
  }
}

/** What matmul's kernel takes: nothing transposed; whether there is an activation. */
const plain = [0, 0, 0]
const rectified = [0, 0, 1]

/** Leading dimensions as one: [..., n] to [rows, n]. */
function rows(x: Tensor): Tensor {
  const count = x.shape.slice(0, -1).reduce((a, b) => a * b, 1)
  return reshape(x, { shape: [count, x.shape.at(-1) as number] })
}

/**
 * activation(x·w + bias) in one kernel.
 *
 * @param x [..., m, k]
 * @param w [k, n]; PyTorch keeps the transpose [n, k]
 * @param bias [n], or left out
 * @param options.activation `'none'` (default) or `'relu'`
 * @returns [..., m, n]
 */
export const linear = defineOp('linear', {
  inputs: ['x', 'w', 'bias?'],
  attrs: { activation: 'none' as LinearActivation },
  kernel: 'matmul',
  shape: ([x, w, bias], { activation }) => {
    check(x, w, bias, activation)
    return x.shape.with(-1, w.shape[1] as number)
  },
  params: (_, { activation }) => (activation === 'relu' ? rectified : plain),
  save: ['x', 'w', 'outputs'],
  readsOutputs: ({ activation }) => activation === 'relu',
  gradient: ({ inputs: [x, w], outputs: [y], attrs, needs }, dy): Gradients => {
    const dz = attrs.activation === 'relu' ? reluGrad(y as Tensor, dy) : dy
    return [
      needs[0] ? matmul(dz, w, { transposeB: true }) : undefined,
      needs[1] ? matmul(rows(x), rows(dz), { transposeA: true }) : undefined,
      needs[2] ? sum(rows(dz), { axis: 0 }) : undefined,
    ]
  },
  fusedGradient: ({ inputs: [x, w], outputs: [y], attrs, needs }, dy): Gradients => {
    const [dxWanted, dwWanted, dbWanted] = needs as [boolean, boolean, boolean]
    const wanted = { dxWanted, dwWanted, dbWanted }
    return attrs.activation === 'relu' ? linearGradient(x, w, dy, y, wanted) : linearGradient(x, w, dy, wanted)
  },
})

/** The gradients of x, w and bias from that of the result; y is given where the activation was relu. */
const linearGradient = defineOp('linearGradient', {
  inputs: ['x', 'w', 'dy', 'y?'],
  attrs: { dxWanted: true, dwWanted: true, dbWanted: true },
  visible: 3,
  shape: ([x, w], { dxWanted, dwWanted, dbWanted }) => [
    dxWanted ? { shape: x.shape } : null,
    dwWanted ? { shape: w.shape } : null,
    dbWanted ? { shape: [w.shape[1] as number] } : null,
  ],
  params: () => [],
})
