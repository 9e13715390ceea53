import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { defineOp, type Gradients } from '../engine/op.js'
import { drawRandom } from '../engine/random.js'
import type { Tensor } from '../engine/tensor.js'
import { reshape } from './shape.js'

/** Dropout at one place in the stream of random words: the gradient drops the same elements, and nothing is saved. */
const dropoutAt = defineOp('dropoutAt', {
  kernel: 'dropout',
  attrs: { seed: 0, offset: 0, p: 0.5 },
  shape: ([x]) => x.shape,
  save: [],
  gradient: ({ attrs }, dy): Gradients => [dropoutAt(dy, attrs)],
})

/**
 * Sets elements to 0 with probability p and divides the others by 1 − p (Srivastava et al. 2014, "inverted").
 * `manualSeed` makes it repeatable.
 *
 * @param options.p from 0 to 1; default 0.5
 * @param options.training false: x as it is; default true
 */
export const dropout = defineOp('dropout', {
  attrs: { p: 0.5, training: true },
  shape: ([x], { p }) => {
    if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
      throw new ArgumentError('dropout', 'a number from 0 to 1 as p', describe(p))
    }
    return x.shape
  },
  compose: ([x], { p, training }): Tensor =>
    training && p > 0 ? dropoutAt(x, { ...drawRandom(x.size), p }) : reshape(x, { shape: x.shape }),
})
