/** Recurrent layers on the emulated CUDA device: weights that stay in a block, and those that do not. */
import { describe, test } from 'vitest'
import { ops, type Tensor } from 'landbridge'
import { gru } from '../../src/ops/gru.js'
import { lstm } from '../../src/ops/lstm.js'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins, type Drawn } from '../support/twins.js'

const there = loadEmulated()

// Rows, steps, inputs, units, and whether the steps are taken in reverse.
type Sizes = [number, number, number, number, boolean]
const sizes: Sizes[] = [
  [3, 4, 5, 32, true],
  [194, 3, 3, 5, false], // four rows to a block, the last with two
  [3, 3, 4, 64, false],
  [197, 2, 2, 37, true],
  [2, 3, 3, 128, true], // weights past registers
  [193, 2, 2, 97, false],
  [5, 3, 4, 130, false], // step by step
  [6, 1, 3, 131, true],
]

/** x, the weights, the bias and the states, all with gradients. */
function samples([n, t, c, h]: Sizes, gates: number, states: number): Drawn[] {
  const range = [-0.4, 0.4] as const
  const weights: Drawn[] = [[c, gates * h] as const, [h, gates * h] as const].map((shape) => ({ shape, range }))
  const first: Drawn[] = Array.from({ length: states }, () => ({ shape: [n, h] }))
  return [{ shape: [n, t, c] }, ...weights, { shape: [4 * h] }, ...first].map((each) => ({ ...each, gradient: true }))
}

/** All results in one tensor, so that each has a part in the gradient. */
const together = (output: Tensor, ...last: Tensor[]): Tensor =>
  last.reduce((sum, each, i) => ops.add(sum, ops.mul(ops.unsqueeze(each, { axis: 1 }), i + 2)), output)

describe.runIf(there)('lstm', () => {
  test.each(sizes)('%i rows, %i steps, %i inputs, %i units, reverse: %s', (...size) => {
    const options = { reverse: size[4] }
    expectTwins(
      samples(size, 4, 2),
      (x, wx, wh, bias, h0, c0) => {
        const results = lstm(x as Tensor, wx as Tensor, wh as Tensor, bias, h0, c0, options) as [Tensor, Tensor, Tensor]
        return [together(...results), ...results]
      },
      1e-5,
    )
    const bare = samples(size, 4, 0).slice(0, 3)
    expectTwins(bare, (x, wx, wh) => [...lstm(x as Tensor, wx as Tensor, wh as Tensor, options)], 1e-5)
  })
})

describe.runIf(there)('gru', () => {
  test.each(sizes)('%i rows, %i steps, %i inputs, %i units, reverse: %s', (...size) => {
    const options = { reverse: size[4] }
    expectTwins(
      samples(size, 3, 1),
      (x, wx, wh, bias, h0) => {
        const results = gru(x as Tensor, wx as Tensor, wh as Tensor, bias, h0, options) as [Tensor, Tensor]
        return [together(...results), ...results]
      },
      1e-5,
    )
    const bare = samples(size, 3, 0).slice(0, 3)
    expectTwins(bare, (x, wx, wh) => [...gru(x as Tensor, wx as Tensor, wh as Tensor, options)], 1e-5)
  })
})
