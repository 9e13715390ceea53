import type { Tensor } from '../../engine/tensor.js'
import { mmd as distance, type Estimator } from '../../ops/mmd.js'
import { reshape } from '../../ops/shape.js'
import type { Alignment } from '../method.js'
import { distanceAlignment, type AlignmentOptions } from './ramp.js'

export interface MmdAlignmentOptions extends AlignmentOptions {
  scales?: readonly number[]
  bandwidth?: number
  estimator?: Estimator
}

/** Features as a matrix, one row per sample. */
export function asMatrix(features: Tensor): Tensor {
  return features.rank === 2 ? features : reshape(features, { shape: [features.shape[0] as number, -1] })
}

/**
 * Pulls the feature distributions of both domains together by their maximum mean discrepancy, as in Deep Adaptation
 * Networks (Long et al. 2015). Options besides `weight` (default 0.5, ramped) are those of `ops.mmd`.
 *
 * The default bandwidth follows the spread of the features, so the pull is the same at any scale of theirs. Features
 * that start very small can therefore be held at one point before the task has spread them (the training loss then
 * stays where it began): start them larger (`nn.init.kaimingUniform`), lower `weight`, or fix `bandwidth`.
 */
export function mmd({ weight, ...options }: MmdAlignmentOptions = {}): Alignment {
  return distanceAlignment('mmd', { weight }, (source, target) =>
    distance(asMatrix(source.features), asMatrix(target.features), options),
  )
}
