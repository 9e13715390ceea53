import type { Device } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'

/** One domain's part of a training step. */
export interface Side {
  /** What the feature extractor made of the batch, [n, …]. */
  features: Tensor
  /** What the head made of the features. */
  output?: Tensor
  /** Labels: of the source only. */
  y?: Tensor
}

export interface AlignmentStep {
  source: Side
  target: Side
  /** From 0 at the first step to 1 at the last. */
  progress: number
}

/**
 * A loss over the features (and predictions) of both domains that is added to the task's loss, weight included. The
 * built-in ones are made of nothing else.
 */
export interface Alignment {
  readonly kind?: 'align'
  readonly name?: string
  /** Parameters of its own that are trained along, such as a discriminator's. */
  parameters(): readonly Tensor[]
  /** A scalar. */
  loss(step: AlignmentStep): Tensor
  /** Moves what it holds beside its parameters, such as a network's buffers, to the model's device. */
  to?(device: Device): void
}

/** Which parameters move on the target's labels, and how far. */
export interface Tuning {
  readonly kind: 'tune'
  readonly name: string
  /** The last rows of `target` that are used; default: all. */
  readonly labels?: number
  /** What the optimiser's learning rates are multiplied with on the target. */
  readonly rateFactor: number
  /** Weight of ‖w − w₀‖² beside the loss, with w₀ the parameters before tuning (L2-SP). */
  readonly anchor: number
  /** Parts of the model that stay as they are. */
  readonly frozen: readonly ('features' | 'head')[]
}

export type Method = Alignment | Tuning

export const isTuning = (method: Method | undefined): method is Tuning => method?.kind === 'tune'

/** The name that reports show: the method's own, or what it is without one. */
export function nameOf(method: Method | undefined): string {
  return method === undefined ? 'source-only' : (method.name ?? 'alignment')
}
