import { zeros } from '../../nn/init.js'
import { Linear } from '../../nn/linear.js'
import { Dropout } from '../../nn/dropout.js'
import { Sequential } from '../../nn/sequential.js'
import type { Model } from '../options.js'

export interface ForecasterShape {
  /** history · features. */
  inputs: number
  horizon: number
}

const WIDTH = 64

/**
 * A small network that starts from persistence: it forecasts what persistence misses, in standardised units, and its
 * last layer starts at zero.
 */
export function forecaster({ inputs, horizon }: ForecasterShape): Model {
  const features = new Sequential(
    new Linear(inputs, WIDTH, { activation: 'relu' }),
    new Dropout(0.1),
    new Linear(WIDTH, WIDTH, { activation: 'relu' }),
  )
  const head = new Linear(WIDTH, horizon, { initializer: zeros })
  head.loadStateDict({ bias: zeros([horizon]) }, { strict: false })
  return { features, head }
}
