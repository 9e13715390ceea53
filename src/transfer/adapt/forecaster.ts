import type { Tensor } from '../../engine/tensor.js'
import { zeros } from '../../nn/init.js'
import { Linear } from '../../nn/linear.js'
import { Module } from '../../nn/module.js'
import { add } from '../../ops/arithmetic.js'
import { concat } from '../../ops/concat.js'
import { slice } from '../../ops/slice.js'
import { Adam, AdamW } from '../../optim/adam.js'
import type { Model } from '../options.js'

export interface ForecasterShape {
  history: number
  /** Features per step; the first is the predicted column. */
  width: number
  horizon: number
}

const HALF = 32

/**
 * Of a window [n, history · width]: features that are linear in it, as a regression's are, features that may bend, and
 * last the level, the predicted column at the origin. Gives [n, 65].
 */
class ForecastFeatures extends Module {
  readonly straight: Linear
  readonly bent: Linear
  readonly levelAt: number

  constructor({ history, width }: ForecasterShape) {
    super()
    this.straight = new Linear(history * width, HALF)
    this.bent = new Linear(history * width, HALF, { activation: 'relu' })
    this.levelAt = (history - 1) * width
  }

  forward(x: Tensor): Tensor {
    const level = slice(x, { start: [0, this.levelAt], end: [x.shape[0], this.levelAt + 1] })
    return concat([this.straight.forward(x), this.bent.forward(x), level], { axis: 1 })
  }
}

function linearFromZero(inputs: number, outputs: number): Linear {
  const layer = new Linear(inputs, outputs, { initializer: zeros })
  layer.loadStateDict({ bias: zeros([outputs]) }, { strict: false })
  return layer
}

/** A sum of two parts, both zero at first: how the level fades with the lead, and what the other features add. */
class ForecastHead extends Module {
  readonly damping: Linear
  readonly rest: Linear

  constructor({ horizon }: ForecasterShape) {
    super()
    this.damping = linearFromZero(1, horizon)
    this.rest = linearFromZero(2 * HALF, horizon)
  }

  forward(features: Tensor): Tensor {
    const [n, width] = features.shape as [number, number]
    const level = slice(features, { start: [0, width - 1], end: [n, width] })
    const others = slice(features, { start: [0, 0], end: [n, width - 1] })
    return add(this.damping.forward(level), this.rest.forward(others))
  }
}

/**
 * A small network that starts from persistence: it forecasts what persistence misses, in standardised units, and its
 * last layer starts at zero.
 */
export function forecaster(shape: ForecasterShape): Model {
  return { features: new ForecastFeatures(shape), head: new ForecastHead(shape) }
}

/**
 * Hours of one station are so alike that a network soon learns the years instead of the weather. A strong decay pulls all
 * but the damping to zero, hence the forecast to damped persistence, as the penalty of ridge regression does.
 */
export function forecasterOptimizer({ head }: Model) {
  const free = new Set(
    Object.entries(head.namedParameters()).flatMap(([name, p]) => (name.startsWith('damping') ? [p] : [])),
  )
  return (parameters: readonly Tensor[]): AdamW =>
    new AdamW([
      { parameters: parameters.filter((p) => !free.has(p)), lr: 1e-3, weightDecay: 10 },
      { parameters: parameters.filter((p) => free.has(p)), lr: 1e-2, weightDecay: 0 },
    ])
}

/** While tuning, an anchor pulls to the source's weights instead of to zero. */
export const tuningOptimizer = (parameters: readonly Tensor[]): Adam => new Adam(parameters, { lr: 1e-3 })
