import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { sigmoid, tanh } from './activations.js'
import { add, mul } from './arithmetic.js'
import { stack } from './concat.js'
import { linear } from './linear.js'
import { matmul } from './matmul.js'
import { gateOf, order, sizesOf, stepOf, zeroState } from './recurrent.js'

const GATES = 4
const inputs = ['x', 'inputWeight', 'hiddenWeight', 'bias?', 'h0?', 'c0?'] as const
type Inputs = readonly [Tensor, Tensor, Tensor, Tensor?, Tensor?, Tensor?]

/** @internal The definition, step by step: [output, h, c]. */
export function lstmTwin([x, inputWeight, hiddenWeight, bias, h0, c0]: Inputs, reverse: boolean): Tensor[] {
  const [steps, units] = [x.shape[1] as number, hiddenWeight.shape[0] as number]
  const projected = linear(x, inputWeight, bias)
  let [h, c] = [h0 ?? zeroState(x, units), c0 ?? zeroState(x, units)]
  const states: Tensor[] = []
  for (const t of order(steps, reverse)) {
    const a = add(stepOf(projected, t), matmul(h, hiddenWeight))
    const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(gateOf(a, gate, units))) as [Tensor, Tensor, Tensor]
    c = add(mul(f, c), mul(i, tanh(gateOf(a, 2, units))))
    h = mul(o, tanh(c))
    states[t] = h
  }
  return [stack(states, { axis: 1 }), h, c]
}

/**
 * One layer of long short-term memory in one direction, over whole sequences (Hochreiter and Schmidhuber 1997, with the
 * forget gate of Gers et al. 2000). With a = xₜ·inputWeight + h·hiddenWeight + bias, split into aᵢ, a_f, a_g, aₒ:
 *
 * c′ = sigmoid(a_f)·c + sigmoid(aᵢ)·tanh(a_g), h′ = sigmoid(aₒ)·tanh(c′)
 *
 * Every result has a gradient, and so has every input.
 *
 * @param x [N, T, C], batch first as in tfjs and Keras, at least one step. (PyTorch: `batch_first=True`)
 * @param inputWeight [C, 4H], gates in the order i, f, g, o. PyTorch keeps the transpose, `weight_ih`; Keras' `kernel`
 *   has this layout and this order (it writes c for g)
 * @param hiddenWeight [H, 4H]; the transpose of PyTorch's `weight_hh`; Keras: `recurrent_kernel`
 * @param bias [4H], optional: 0. The sum of PyTorch's `bias_ih` and `bias_hh`; Keras: `bias`
 * @param h0 the first h [N, H], optional: 0
 * @param c0 the first c [N, H], optional: 0
 * @param options.reverse go from the last step to the first; default false
 * @returns [output, h, c]: h of every step [N, T, H], at the place of its input; the last h and c [N, H]
 * @throws ShapeError
 */
export const lstm = defineOp('lstm', {
  inputs,
  attrs: { reverse: false },
  visible: 3,
  shape: ([x, inputWeight, hiddenWeight, bias, h0, c0], _, needs) => {
    const { rows, steps, units } = sizesOf('lstm', GATES, [x, inputWeight, hiddenWeight, bias], { h0, c0 })
    const state = { shape: [rows, units] }
    const sequence = { shape: [rows, steps, units] }
    const wanted = needs.includes(true)
    return [sequence, state, state, wanted ? { shape: [rows, steps, GATES * units] } : null, wanted ? sequence : null]
  },
  // The bias is for the twin.
  save: [...inputs.map((name) => name.replace('?', '')), 'outputs[0]', 'outputs[3]', 'outputs[4]'],
  compose: (given, { reverse }) => lstmTwin(given, reverse),
  fusedGradient: ({ inputs, outputs, attrs, needs }, dy, dh, dc): Gradients => {
    const [x, inputWeight, hiddenWeight, , h0, c0] = inputs
    const [output, , , gates, memories] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    const wanted = { ...attrs, needs }
    return lstmGradient(x, inputWeight, hiddenWeight, output, gates, memories, h0, c0, dy, dh, dc, wanted)
  },
})

/** The fused gradients of lstm, from the gates and the memories of all steps. */
const lstmGradient = defineOp('lstmGradient', {
  inputs: [
    ...(['x', 'inputWeight', 'hiddenWeight', 'output', 'gates', 'memories'] as const),
    ...(['h0?', 'c0?', 'dy?', 'dh?', 'dc?'] as const),
  ],
  attrs: { reverse: false, needs: [] as readonly boolean[] },
  visible: 6,
  shape: ([x, inputWeight, hiddenWeight], { needs }) => {
    const [rows, units] = [x.shape[0] as number, hiddenWeight.shape[0] as number]
    const shapes = [x.shape, inputWeight.shape, hiddenWeight.shape, [GATES * units], [rows, units], [rows, units]]
    return shapes.map((shape, i) => (needs[i] ? { shape } : null))
  },
  params: (_, { reverse }) => [reverse ? 1 : 0],
})
