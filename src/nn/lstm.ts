import { objectArgument } from '../engine/arguments.js'
import type { Tensor } from '../engine/tensor.js'
import { lstm } from '../ops/lstm.js'
import { Recurrent, type RecurrentCell, type RecurrentOptions, type RecurrentResults } from './recurrent.js'

/** What an LSTM goes on from: h and c, each [layers·directions, N, H]. */
export interface LSTMState {
  h: Tensor
  c: Tensor
}

/**
 * Long short-term memory (`ops.lstm`) over x [N, T, in], batch first.
 *
 *     const { output, last, state } = new nn.LSTM({ in: 8, hidden: 32 }).call(x)
 *     new nn.Sequential(new nn.LSTM({ in: 8, hidden: 32, returns: 'last' }), new nn.Linear(32, 1))
 *
 * Parameters of each cell: inputWeight [in, 4H] and hiddenWeight [H, 4H], the transposes of PyTorch's `weight_ih_l…` and
 * `weight_hh_l…` in the same order of gates i, f, g, o; bias [4H], the sum of its `bias_ih_l…` and `bias_hh_l…`. Keras'
 * `kernel`, `recurrent_kernel` and `bias` are these as they are.
 */
export class LSTM<R extends keyof RecurrentResults<LSTMState> = 'all'> extends Recurrent<LSTMState, R> {
  constructor(options: RecurrentOptions<R>) {
    super('LSTM', 4, options)
  }

  protected run(
    { inputWeight, hiddenWeight, bias }: RecurrentCell,
    x: Tensor,
    states: readonly Tensor[],
    reverse: boolean,
  ) {
    const [h, c] = states
    return lstm(x, inputWeight, hiddenWeight, bias, h, c, { reverse })
  }
  protected tensorsOf(state: LSTMState): Record<string, unknown> {
    objectArgument('LSTM', 'a state { h, c }', state)
    return { h: state.h, c: state.c }
  }
  protected stateOf([h, c]: readonly Tensor[]): LSTMState {
    return { h: h as Tensor, c: c as Tensor }
  }
}
