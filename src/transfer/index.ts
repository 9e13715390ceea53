/** Carrying a model from one domain to another. */
export * as align from './align/index.js'
export * as tune from './tune/index.js'
export { fit } from './fit.js'
export type {
  AlignOptions,
  EpochReport,
  FitOptions,
  FitResult,
  Model,
  SourceOnlyOptions,
  TuneOptions,
} from './options.js'
export type { Alignment, AlignmentStep, Method, Side, Tuning } from './method.js'
export { extract, predict } from './predict.js'
export type { Labelled, Rows, RowSource, Unlabelled } from './rows.js'
export { adapt, type AdaptOptions } from './adapt/index.js'
