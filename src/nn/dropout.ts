import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Tensor } from '../engine/tensor.js'
import { dropout } from '../ops/dropout.js'
import { Module } from './module.js'

/** `ops.dropout` while training, nothing after `eval`. */
export class Dropout extends Module {
  /** @param p how likely an element is set to 0, from 0 to 1; default 0.5 */
  constructor(readonly p = 0.5) {
    super()
    if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
      throw new ArgumentError('Dropout', 'a number from 0 to 1 as p', describe(p))
    }
  }

  forward(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training })
  }
}
