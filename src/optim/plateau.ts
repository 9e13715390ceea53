import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { atLeastZero, merge, type Check, type Checks } from './groups.js'
import type { Scheduled } from './schedule.js'

export interface PlateauOptions {
  /** Whether a smaller (default) or a larger metric is better. */
  mode?: 'min' | 'max'
  /** What the rates are multiplied by, below 1; default 0.1. */
  factor?: number
  /** How many steps in a row may bring nothing before the rates fall; default 10. */
  patience?: number
  /** What counts as better: by more than this share (`'rel'`) or amount (`'abs'`); default 1e-4. */
  threshold?: number
  thresholdMode?: 'rel' | 'abs'
  /** Steps after a fall during which nothing is counted; default 0. */
  cooldown?: number
  /** Rates never fall below; default 0. */
  minLr?: number
}

export interface PlateauState {
  /** Undefined before the first step, so that it survives JSON. */
  best?: number
  badSteps: number
  cooling: number
}

const wholeNumber: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 ? undefined : 'an integer of at least 0'
const belowOne: Check = (value) =>
  typeof value === 'number' && value >= 0 && value < 1 ? undefined : 'a number from 0 to below 1'
const oneOf =
  (...choices: string[]): Check =>
  (value) =>
    choices.includes(value as string) ? undefined : choices.map((each) => `'${each}'`).join(' or ')

const defaults: Required<PlateauOptions> = {
  mode: 'min',
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: 'rel',
  cooldown: 0,
  minLr: 0,
}

const checks: Checks<Required<PlateauOptions>> = {
  mode: oneOf('min', 'max'),
  factor: belowOne,
  patience: wholeNumber,
  threshold: atLeastZero,
  thresholdMode: oneOf('rel', 'abs'),
  cooldown: wholeNumber,
  minLr: atLeastZero,
}

/** Lowers the rates when a metric has stopped improving (torch ReduceLROnPlateau). */
export class ReduceOnPlateau {
  readonly #options: Required<PlateauOptions>
  #state: PlateauState = { badSteps: 0, cooling: 0 }

  constructor(
    readonly optimizer: Scheduled,
    options: PlateauOptions = {},
  ) {
    this.#options = merge('schedule.reduceOnPlateau', defaults, options, checks)
  }

  /** @param metric the newest value of what is watched; NaN is no improvement */
  step(metric: number): void {
    if (typeof metric !== 'number') {
      throw new ArgumentError('schedule.reduceOnPlateau', 'a number as metric', describe(metric))
    }
    const state = this.#state
    const { patience, cooldown, factor, minLr } = this.#options
    if (this.#isBetter(metric, state.best)) {
      state.best = metric
      state.badSteps = 0
    } else {
      state.badSteps++
    }
    if (state.cooling > 0) {
      state.cooling--
      state.badSteps = 0
    }
    if (state.badSteps <= patience) return
    for (const group of this.optimizer.groups) group.lr = Math.min(group.lr, Math.max(group.lr * factor, minLr))
    state.cooling = cooldown
    state.badSteps = 0
  }

  stateDict(): PlateauState {
    return { ...this.#state }
  }

  loadStateDict({ best, badSteps, cooling }: PlateauState): void {
    this.#state = { best, badSteps, cooling }
  }

  #isBetter(metric: number, best: number | undefined): boolean {
    if (best === undefined) return !Number.isNaN(metric)
    const { mode, threshold, thresholdMode } = this.#options
    const margin = thresholdMode === 'rel' ? Math.abs(best) * threshold : threshold
    return mode === 'min' ? metric < best - margin : metric > best + margin
  }
}

/** Lowers the rates when a metric has stopped improving (torch ReduceLROnPlateau). */
export function reduceOnPlateau(optimizer: Scheduled, options: PlateauOptions = {}): ReduceOnPlateau {
  return new ReduceOnPlateau(optimizer, options)
}
