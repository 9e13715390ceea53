import { coral as distance } from '../../ops/coral.js'
import type { Alignment } from '../method.js'
import { asMatrix } from './mmd.js'
import { distanceAlignment, type AlignmentOptions } from './ramp.js'

/**
 * Pulls the covariances of both domains' features together, as in Deep CORAL (Sun and Saenko 2016): `ops.coral` times
 * `weight` (default 0.5, ramped).
 */
export function coral(options: AlignmentOptions = {}): Alignment {
  return distanceAlignment('coral', options, (source, target) =>
    distance(asMatrix(source.features), asMatrix(target.features)),
  )
}
