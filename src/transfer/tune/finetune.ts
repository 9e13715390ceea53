import { ArgumentError } from '../../engine/errors.js'
import { describe } from '../../engine/arguments.js'
import type { Tuning } from '../method.js'

export interface FinetuneOptions {
  /** Use only the last so many rows of the target. Default: all. */
  labels?: number
  /** What the learning rates are multiplied with on the target, so that little of the source is lost. Default: 0.1. */
  rateFactor?: number
  /**
   * Holds the parameters near those of the source: weight of Σ‖w − w₀‖² beside the loss, L2-SP (Li, Grandvalet and
   * Davoine 2018). Few labels of one season want about 1. Default: 0.
   */
  anchor?: number
}

function checkOptions(op: string, { labels, rateFactor, anchor }: FinetuneOptions): void {
  if (labels !== undefined && !(Number.isInteger(labels) && labels > 0)) {
    throw new ArgumentError(op, 'a positive integer as labels', describe(labels))
  }
  if (rateFactor !== undefined && !(Number.isFinite(rateFactor) && rateFactor > 0)) {
    throw new ArgumentError(op, 'a positive number as rateFactor', describe(rateFactor))
  }
  if (anchor !== undefined && !(Number.isFinite(anchor) && anchor >= 0)) {
    throw new ArgumentError(op, 'a number of at least 0 as anchor', describe(anchor))
  }
}

/** Trains the whole model on from where the source left it, on labelled rows of the target, in smaller steps. */
export function finetune(options: FinetuneOptions = {}): Tuning {
  checkOptions('tune.finetune', options)
  const { labels, rateFactor = 0.1, anchor = 0 } = options
  return { kind: 'tune', name: 'finetune', labels, rateFactor, anchor, frozen: [] }
}

/**
 * Feature extraction: the features stay as the source made them, only the head is trained on labelled rows of the
 * target. `rateFactor` defaults to 1 here.
 */
export function frozen(options: FinetuneOptions = {}): Tuning {
  checkOptions('tune.frozen', options)
  const { labels, rateFactor = 1, anchor = 0 } = options
  return { kind: 'tune', name: 'frozen', labels, rateFactor, anchor, frozen: ['features'] }
}
