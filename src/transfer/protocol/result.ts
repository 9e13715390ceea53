import type { Ratio } from './bootstrap.js'
import type { Spread } from './metrics.js'

export type { Ratio, Spread }

/** What a row learnt from: nothing or the source alone, both domains' inputs, or the target's labels too. */
export type RowKind = 'baseline' | 'no-transfer' | 'transfer' | 'reference'

/** One method on the common test windows. Errors are in the predicted column's unit, at the final lead. */
export interface AdaptRow {
  /** Kebab-case: persistence, seasonal-persistence, climatology, damped-persistence, ridge, source-only, coral, … */
  method: string
  kind: RowKind
  rmse: Spread
  mae: Spread
  /** RMSE ratio to source-only with its 95 % interval; absent for source-only itself. */
  ratio?: Ratio
  /** Of a row that transfers: the ratio's interval lies above 1, so it is worse than no transfer. */
  negativeTransfer?: boolean
  /** Trainings behind the mean; 1 for methods that have no randomness. */
  seeds: number
  /** Such as "same as persistence". */
  note?: string
  /** Means over seeds for leads 1 … horizon. */
  leads: { rmse: number[]; mae: number[] }
}

export interface AdaptSettings {
  /** File names, with the `--where` that chose the rows. */
  source: string[]
  target: string
  predict: string
  /** Unit of the predicted column, where it is known. */
  unit?: string
  features: string[]
  /** In steps of `stepMilliseconds`. */
  history: number
  horizon: number
  stepMilliseconds: number
  /** ISO times at which validation and test begin. */
  split: { source: [validation: string, test: string]; target: [validation: string, test: string] }
  windows: {
    source: { train: number; validation: number }
    target: { train: number; validation: number; labelled?: number }
    /** Scored by every row. */
    test: number
    /** Test windows left out because a label or a value that a baseline needs is missing. */
    removed: number
  }
  seeds: number[]
  maxGap: number
  /** Length of the labelled target span, such as "30d". */
  targetLabels?: string
  /** Where the networks were trained, and how their products of matrices were computed. */
  device: string
  precision: string
  /** Package and platform versions by name. */
  versions: Record<string, string>
  /** ISO time of the run. */
  date: string
  /** Wall-clock seconds of the whole run. */
  seconds?: number
}

export interface Quantiles {
  p5: number
  p50: number
  p95: number
}

/** Both domains' training values of one column, so that a person sees a change of unit. */
export interface ColumnQuantiles {
  column: string
  /** Absent where every value is missing. */
  source?: Quantiles
  target?: Quantiles
  /** The ranges from 5 % to 95 % do not meet: different units, or hardly comparable domains. */
  disjoint: boolean
}

/** A stretch of the test period at the final lead; null where there is no window. */
export interface ForecastSample {
  /** ISO times of the labels. */
  times: string[]
  truth: (number | null)[]
  forecasts: { method: string; values: (number | null)[] }[]
}

/** Held-back rows of both domains as one method's network sees them, on its first two principal components. */
export interface FeatureView {
  method: string
  source: [x: number, y: number][]
  target: [x: number, y: number][]
  /** Shares of the variance on the two components, 0 … 1. */
  explained: [number, number]
}

/** Everything that `landbridge adapt` found: `--json` writes it as it is, and the report is drawn from it alone. */
export interface AdaptResult {
  rows: AdaptRow[]
  settings: AdaptSettings
  warnings: string[]
  columns: ColumnQuantiles[]
  sample?: ForecastSample
  /** source-only first: "before"; then every method: "after". */
  features: FeatureView[]
}
