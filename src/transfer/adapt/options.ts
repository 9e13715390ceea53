/** What `landbridge adapt` is asked to do; the CLI only parses it. */
import type { Device } from '../../engine/native.js'
import type { Precision } from '../../engine/precision.js'

export const adaptMethods = ['source-only', 'coral', 'mmd', 'finetune'] as const
export type AdaptMethod = (typeof adaptMethods)[number]

export interface AdaptOptions {
  /** Tables of the domain with labels, one or more. */
  source: readonly string[]
  /** The table of the other domain. */
  target: string
  /** The numeric column to forecast. */
  predict: string
  /** Steps that the model sees. */
  history: number
  /** Steps ahead, all of which are forecast. */
  horizon: number
  /** Methods beside the baselines and source-only, which always run. */
  methods: readonly AdaptMethod[]
  /** How many trainings with other seeds each method gets. */
  seeds: number
  /** Column of times, or `Y,M,D,H`; detected when absent. */
  time?: string
  /** Conditions on rows, such as `location=Seattle`. */
  sourceWhere?: readonly string[]
  targetWhere?: readonly string[]
  features?: readonly string[]
  exclude?: readonly string[]
  derive?: readonly string[]
  /** ISO times at which validation and test begin. */
  split?: readonly [string, string]
  /** Steps that a missing input is carried forward. */
  maxGap: number
  /** Length of the labelled target span in milliseconds, and as it was written. */
  targetLabels: { milliseconds: number; text: string }
  /** Passes over the source at most; every method gets as many steps. */
  epochs: number
  /** Where networks are trained. Default: `'cpu'`. */
  device?: Device
  /** How their products of matrices are computed (see `withPrecision`). Default: `'float32'`. */
  precision?: Precision
}

export const adaptDefaults = { seeds: 5, maxGap: 6, epochs: 30, device: 'cpu', precision: 'float32' } as const

/** Told what happens, for a progress bar. */
export interface AdaptObserver {
  /** A line for people, such as the time columns that were found. */
  note?: (text: string) => void
  /** Trainings done of all, and what runs now. */
  progress?: (done: number, total: number, what: string) => void
  signal?: AbortSignal
}
