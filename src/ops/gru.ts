import { defineOp, type Gradients } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { sigmoid, tanh } from './activations.js'
import { add, mul, sub } from './arithmetic.js'
import { stack } from './concat.js'
import { linear } from './linear.js'
import { matmul } from './matmul.js'
import { gateOf, order, sizesOf, stepOf, zeroState } from './recurrent.js'
import { slice } from './slice.js'

const GATES = 3
const inputs = ['x', 'inputWeight', 'hiddenWeight', 'bias?', 'h0?'] as const
type Inputs = readonly [Tensor, Tensor, Tensor, Tensor?, Tensor?]

/** @internal The definition, step by step: [output, h]. */
export function gruTwin([x, inputWeight, hiddenWeight, bias, h0]: Inputs, reverse: boolean): Tensor[] {
  const [steps, units] = [x.shape[1] as number, hiddenWeight.shape[0] as number]
  const own = bias && slice(bias, { end: [GATES * units] })
  const inner = bias && slice(bias, { start: [GATES * units] })
  const projected = linear(x, inputWeight, own)
  let h = h0 ?? zeroState(x, units)
  const states: Tensor[] = []
  for (const t of order(steps, reverse)) {
    const [a, b] = [stepOf(projected, t), matmul(h, hiddenWeight)]
    const [r, z] = [0, 1].map((gate) => sigmoid(add(gateOf(a, gate, units), gateOf(b, gate, units)))) as [
      Tensor,
      Tensor,
    ]
    const m = gateOf(b, 2, units)
    const n = tanh(add(gateOf(a, 2, units), mul(r, inner ? add(m, inner) : m)))
    h = add(n, mul(z, sub(h, n)))
    states[t] = h
  }
  return [stack(states, { axis: 1 }), h]
}

/**
 * One layer of gated recurrent units in one direction, over whole sequences (Cho et al. 2014, in the form of cuDNN,
 * PyTorch and Keras' `reset_after=True`):
 *
 * r, z = sigmoid(xₜ·inputWeight + h·hiddenWeight + bias), m = h·hiddenWeightₙ + bias_m,
 * n = tanh(xₜ·inputWeightₙ + biasₙ + r·m), h′ = (1 − z)·n + z·h
 *
 * Every result has a gradient, and so has every input.
 *
 * @param x [N, T, C], batch first as in tfjs and Keras, at least one step. (PyTorch: `batch_first=True`)
 * @param inputWeight [C, 3H], gates in the order r, z, n. PyTorch keeps the transpose, `weight_ih`; Keras' `kernel` has
 *   this layout in the order z, r, n
 * @param hiddenWeight [H, 3H]; the transpose of PyTorch's `weight_hh`; Keras: `recurrent_kernel`, in the order z, r, n
 * @param bias [4H] for r, z, n and m, optional: 0. For r and z the sum of PyTorch's `bias_ih` and `bias_hh`, for n the
 *   last third of `bias_ih`, for m that of `bias_hh`; Keras' `bias` holds the same two as its rows
 * @param h0 the first h [N, H], optional: 0
 * @param options.reverse go from the last step to the first; default false
 * @returns [output, h]: h of every step [N, T, H], at the place of its input; the last h [N, H]
 * @throws ShapeError
 */
export const gru = defineOp('gru', {
  inputs,
  attrs: { reverse: false },
  visible: 2,
  shape: ([x, inputWeight, hiddenWeight, bias, h0], _, needs) => {
    const { rows, steps, units } = sizesOf('gru', GATES, [x, inputWeight, hiddenWeight, bias], { h0 })
    const kept = needs.includes(true) ? { shape: [rows, steps, 4 * units] } : null
    return [{ shape: [rows, steps, units] }, { shape: [rows, units] }, kept]
  },
  // The bias is for the twin.
  save: [...inputs.map((name) => name.replace('?', '')), 'outputs[0]', 'outputs[2]'],
  compose: (given, { reverse }) => gruTwin(given, reverse),
  fusedGradient: ({ inputs, outputs, attrs, needs }, dy, dh): Gradients => {
    const [x, inputWeight, hiddenWeight, , h0] = inputs
    const [output, , gates] = outputs as [Tensor, Tensor, Tensor]
    return gruGradient(x, inputWeight, hiddenWeight, output, gates, h0, dy, dh, { ...attrs, needs })
  },
})

/** The fused gradients of gru, from the gates of all steps. */
const gruGradient = defineOp('gruGradient', {
  inputs: ['x', 'inputWeight', 'hiddenWeight', 'output', 'gates', 'h0?', 'dy?', 'dh?'],
  attrs: { reverse: false, needs: [] as readonly boolean[] },
  visible: 5,
  shape: ([x, inputWeight, hiddenWeight], { needs }) => {
    const [rows, units] = [x.shape[0] as number, hiddenWeight.shape[0] as number]
    const shapes = [x.shape, inputWeight.shape, hiddenWeight.shape, [4 * units], [rows, units]]
    return shapes.map((shape, i) => (needs[i] ? { shape } : null))
  },
  params: (_, { reverse }) => [reverse ? 1 : 0],
})
