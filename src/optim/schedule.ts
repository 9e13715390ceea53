/** Learning rates over time. Each acts on the groups of an optimiser; call `step` once per step (or epoch). */
import { describe, entriesOf } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { atLeastZero, checkOptions, finite, type Check, type Checks } from './groups.js'
import type { LearningRate } from './optimizer.js'

export { reduceOnPlateau, type PlateauOptions, type PlateauState, type ReduceOnPlateau } from './plateau.js'

/** What a schedule needs of an optimiser. */
export interface Scheduled {
  readonly groups: readonly LearningRate[]
}

export interface ScheduleState {
  steps: number
  /** The rates that the groups began with. */
  baseLrs: number[]
}

/** The rate of a group after `steps` steps. */
export type Rate = (steps: number, baseLr: number, group: number) => number

function requireOptimizer(optimizer: unknown): void {
  try {
    if (optimizer instanceof Object && 'groups' in optimizer && Array.isArray(optimizer.groups)) return
  } catch {
    // a revoked proxy is no optimiser either
  }
  throw new ArgumentError('schedule', 'an optimiser', describe(optimizer))
}

/** A rate in closed form: it depends on the number of steps and on the rate that the group began with only. */
export class Schedule {
  #steps = 0
  #baseLrs: number[]

  constructor(
    readonly optimizer: Scheduled,
    readonly rate: Rate,
  ) {
    requireOptimizer(optimizer)
    this.#baseLrs = optimizer.groups.map((group) => group.lr)
    this.#apply()
  }

  /** Steps so far. */
  get steps(): number {
    return this.#steps
  }

  step(): void {
    this.#steps++
    this.#apply()
  }

  stateDict(): ScheduleState {
    return { steps: this.#steps, baseLrs: [...this.#baseLrs] }
  }

  /** Continues where `stateDict` was taken, and sets the rates. */
  loadStateDict({ steps, baseLrs }: ScheduleState): void {
    const { length } = this.optimizer.groups
    if (baseLrs.length !== length) {
      throw new ArgumentError('schedule.loadStateDict', `rates of ${length} groups`, `${baseLrs.length}`)
    }
    if (!Number.isInteger(steps) || steps < 0) {
      throw new ArgumentError('schedule.loadStateDict', 'an integer of at least 0 as steps', describe(steps))
    }
    this.#steps = steps
    this.#baseLrs = [...baseLrs]
    this.#apply()
  }

  #apply(): void {
    this.optimizer.groups.forEach((group, i) => {
      group.lr = this.rate(this.#steps, this.#baseLrs[i] as number, i)
    })
  }
}

/** Options over defaults, read once. */
const over = <D extends object, O extends object>(name: string, defaults: D, options: O): D & O => ({
  ...defaults,
  ...(Object.fromEntries(entriesOf(name, options)) as O),
})

const positiveInteger: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 ? undefined : 'an integer of at least 1'
const positive: Check = (value) =>
  typeof value === 'number' && value > 0 && value < Infinity ? undefined : 'a number above 0'
const fraction: Check = (value) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1'

function checked<O extends object>(name: string, options: O, checks: Checks<O>): O {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(name, 'an object of options', describe(options))
  const unknown = Object.keys(options).find((key) => !(key in checks))
  if (unknown !== undefined) {
    throw new ArgumentError(name, `options among ${Object.keys(checks).join(', ')}`, describe(unknown))
  }
  checkOptions(name, options, checks)
  return options
}

/** lr · γ^⌊t / stepSize⌋ (torch StepLR). `gamma`: default 0.1. */
export function step(optimizer: Scheduled, options: { stepSize: number; gamma?: number }): Schedule {
  const { stepSize, gamma } = checked('schedule.step', over('schedule.step', { gamma: 0.1 }, options), {
    stepSize: positiveInteger,
    gamma: atLeastZero,
  })
  return new Schedule(optimizer, (t, lr) => lr * gamma ** Math.floor(t / stepSize))
}

/** lr · γᵗ (torch ExponentialLR). */
export function exponential(optimizer: Scheduled, options: { gamma: number }): Schedule {
  const { gamma } = checked('schedule.exponential', over('schedule.exponential', {}, options), { gamma: atLeastZero })
  return new Schedule(optimizer, (t, lr) => lr * gamma ** t)
}

/** From `a` to `b` along half a cosine wave, as `share` goes from 0 to 1. */
const cosineBetween = (a: number, b: number, share: number) => b + ((a - b) * (1 + Math.cos(Math.PI * share))) / 2

/**
 * Half a cosine wave from lr to `minLr` in `totalSteps`, and `minLr` from there on (Loshchilov & Hutter 2017; torch
 * CosineAnnealingLR). `minLr`: default 0.
 */
export function cosine(optimizer: Scheduled, options: { totalSteps: number; minLr?: number }): Schedule {
  const { totalSteps, minLr } = checked('schedule.cosine', over('schedule.cosine', { minLr: 0 }, options), {
    totalSteps: positiveInteger,
    minLr: atLeastZero,
  })
  return new Schedule(optimizer, (t, lr) => cosineBetween(lr, minLr, Math.min(t / totalSteps, 1)))
}

/** From startFactor · lr in a straight line to lr in `totalSteps` (torch LinearLR). `startFactor`: default 1/3. */
export function linearWarmup(optimizer: Scheduled, options: { totalSteps: number; startFactor?: number }): Schedule {
  const { totalSteps, startFactor } = checked(
    'schedule.linearWarmup',
    over('schedule.linearWarmup', { startFactor: 1 / 3 }, options),
    { totalSteps: positiveInteger, startFactor: fraction },
  )
  return new Schedule(optimizer, (t, lr) => lr * (startFactor + (1 - startFactor) * Math.min(t / totalSteps, 1)))
}

/** lr · factor(t, group) (torch LambdaLR). The function is no part of `stateDict`. */
export function lambda(optimizer: Scheduled, factor: (steps: number, group: number) => number): Schedule {
  if (typeof factor !== 'function') throw new ArgumentError('schedule.lambda', 'a function', describe(factor))
  return new Schedule(optimizer, (t, lr, group) => {
    const value = factor(t, group)
    const expected = finite(value)
    if (expected !== undefined)
      throw new ArgumentError('schedule.lambda', `${expected} from the function`, describe(value))
    return lr * value
  })
}

export interface OneCycleOptions {
  maxLr: number
  totalSteps: number
  /** Which share of the steps climbs; default 0.3. */
  percentStart?: number
  /** The first rate is maxLr / divFactor; default 25. */
  divFactor?: number
  /** The last rate is the first / finalDivFactor; default 1e4. */
  finalDivFactor?: number
}

/**
 * Up to `maxLr` and down again, both along half a cosine wave (Smith & Topin 2018; torch OneCycleLR, two phases,
 * without its cycle of the momentum). The rates that the groups began with do not matter; after `totalSteps` the last
 * rate stays.
 */
export function oneCycle(optimizer: Scheduled, options: OneCycleOptions): Schedule {
  const { maxLr, totalSteps, percentStart, divFactor, finalDivFactor } = checked(
    'schedule.oneCycle',
    over('schedule.oneCycle', { percentStart: 0.3, divFactor: 25, finalDivFactor: 1e4 }, options),
    {
      maxLr: atLeastZero,
      totalSteps: positiveInteger,
      percentStart: fraction,
      divFactor: positive,
      finalDivFactor: positive,
    },
  )
  const first = maxLr / divFactor
  const last = first / finalDivFactor
  const peak = percentStart * totalSteps - 1
  return new Schedule(optimizer, (t) => {
    if (t <= peak) return cosineBetween(first, maxLr, peak > 0 ? t / peak : 1)
    const rest = totalSteps - 1 - peak
    return cosineBetween(maxLr, last, rest > 0 ? Math.min((t - peak) / rest, 1) : 1)
  })
}
