import { ArgumentError } from '../../engine/errors.js'
import { describe } from '../../engine/arguments.js'
import type { Tensor } from '../../engine/tensor.js'
import { mul } from '../../ops/arithmetic.js'
import type { Alignment, Side } from '../method.js'

/**
 * 2/(1 + e^(−10p)) − 1: from 0 at the start to 1 at the end (Ganin et al. 2016), so that features form on the task
 * before they are pulled together.
 */
export const ramp = (progress: number): number => 2 / (1 + Math.exp(-10 * progress)) - 1

export interface AlignmentOptions {
  /** Weight beside the task's loss at the end of the ramp. Default: 0.5. */
  weight?: number
}

/** An alignment without parameters of its own: `weight · ramp(progress) · distance(source, target)`. */
export function distanceAlignment(
  name: string,
  { weight = 0.5 }: AlignmentOptions,
  distance: (source: Side, target: Side) => Tensor,
): Alignment {
  if (!(Number.isFinite(weight) && weight >= 0)) {
    throw new ArgumentError(`align.${name}`, 'a weight of at least 0', describe(weight))
  }
  return {
    kind: 'align',
    name,
    parameters: () => [],
    loss: ({ source, target, progress }) => mul(distance(source, target), weight * ramp(progress)),
  }
}
