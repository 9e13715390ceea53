import { objectArgument } from '../engine/arguments.js'
import type { Tensor } from '../engine/tensor.js'
import { gru } from '../ops/gru.js'
import { Recurrent, type RecurrentCell, type RecurrentOptions, type RecurrentResults } from './recurrent.js'

/** What a GRU goes on from: h [layers·directions, N, H]. */
export interface GRUState {
  h: Tensor
}

/**
 * Gated recurrent units (`ops.gru`) over x [N, T, in], batch first; options and results as those of `LSTM`.
 *
 * Parameters of each cell: inputWeight [in, 3H] and hiddenWeight [H, 3H], the transposes of PyTorch's `weight_ih_l…` and
 * `weight_hh_l…` in the same order of gates r, z, n; bias [4H]: for r and z the sums of its `bias_ih_l…` and
 * `bias_hh_l…`, for n the last third of the first, then the last third of the second. Keras' order is z, r, n.
 */
export class GRU<R extends keyof RecurrentResults<GRUState> = 'all'> extends Recurrent<GRUState, R> {
  constructor(options: RecurrentOptions<R>) {
    super('GRU', 3, options)
  }

  protected run(
    { inputWeight, hiddenWeight, bias }: RecurrentCell,
    x: Tensor,
    states: readonly Tensor[],
    reverse: boolean,
  ) {
    return gru(x, inputWeight, hiddenWeight, bias, states[0], { reverse })
  }
  protected tensorsOf(state: GRUState): Record<string, unknown> {
    objectArgument('GRU', 'a state { h }', state)
    return { h: state.h }
  }
  protected stateOf([h]: readonly Tensor[]): GRUState {
    return { h: h as Tensor }
  }
}
