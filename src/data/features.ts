import { DataError } from '../engine/errors.js'
import { isCompass, isDegrees } from './directions.js'
import { DAY, duration } from './duration.js'
import type { Series, SeriesColumn } from './series.js'
import { listed, quoted, unknownColumn } from './table.js'
import { isTimePart } from './time.js'

/** One source of model inputs, and how it becomes numbers. */
export type Input =
  | { readonly kind: 'number' | 'compass' | 'degrees'; readonly column: string }
  | { readonly kind: 'oneHot'; readonly column: string; readonly levels: readonly string[] }
  | { readonly kind: 'hour' | 'dayOfYear' }

/** How a series becomes a matrix of features. Plain values, so that it is saved as JSON with a model. */
export interface Encoding {
  readonly predict: string
  /** Milliseconds between steps. */
  readonly step: number
  /** The first is the predicted column, as it is. */
  readonly inputs: readonly Input[]
  /** Names of the features, in the order of the matrix; the first is the predicted column. */
  readonly names: readonly string[]
  /** What was left out and why, one sentence each. */
  readonly warnings: readonly string[]
}

export interface EncodingOptions {
  /** The numeric column to forecast; its history is always a feature. */
  predict: string
  /** Only these columns. Default: all. */
  features?: readonly string[]
  /** All but these columns. */
  exclude?: readonly string[]
  /** Columns of the time besides those that each series knows of. */
  timeColumns?: readonly string[]
  /** Epoch milliseconds: only values before this time decide anything. Give the first split, so that nothing leaks. */
  until?: number
}

const MOST_LEVELS = 16
/**
 * Decides from one or more source series how columns become features. Numbers stay as they are; compass points, and
 * columns named like directions with values in degrees, become sine and cosine; other text becomes one-hot over the 16
 * most frequent levels. Time enters as sine and cosine of the hour (steps below a day) and of the day of the year only.
 * Row counters, columns of the time and columns that are constant or empty are left out with a warning.
 * Throws DataError when the predicted column is absent, not numeric, empty or constant, when `features` or `exclude`
 * name no column, and when the sources' steps differ.
 */
export function fitEncoding(sources: readonly Series[], options: EncodingOptions): Encoding {
  const [first] = sources
  if (!first) throw new DataError('fitEncoding: expected at least one source, received none')
  for (const series of sources) checkStep(series, first.step)
  checkPredicted(sources, options)
  const warnings: string[] = []
  const inputs: Input[] = [{ kind: 'number', column: options.predict }]
  for (const name of candidates(sources, options, warnings)) {
    const decision = decide(name, sources, options)
    if (typeof decision === 'string') warnings.push(`column ${quoted(name)} is left out: ${decision}`)
    else inputs.push(decision)
    const share = typeof decision === 'string' ? 0 : missingShare(name, sources, options.until)
    if (share > 0.5)
      warnings.push(
        `column ${quoted(name)} is missing in ${Math.round(100 * share)} % of the steps: windows need it, so consider excluding it`,
      )
  }
  if (first.step < DAY) inputs.push({ kind: 'hour' })
  inputs.push({ kind: 'dayOfYear' })
  return { predict: options.predict, step: first.step, inputs, names: inputs.flatMap(featureNames), warnings }
}

/** Throws DataError when a series has another step than expected. */
export function checkStep(series: Series, step: number): void {
  if (series.step === step) return
  throw new DataError(`expected a step of ${duration(step)} as in the source, found ${duration(series.step)}`, {
    file: series.path,
  })
}

export function featureNames(input: Input): string[] {
  if (input.kind === 'number') return [input.column]
  if (input.kind === 'oneHot') return input.levels.map((level) => `${input.column}=${level}`)
  const name = 'column' in input ? input.column : input.kind === 'hour' ? 'hour' : 'day of year'
  return [`${name} sin`, `${name} cos`]
}

function checkPredicted(sources: readonly Series[], { predict, exclude, until }: EncodingOptions): void {
  if (exclude?.includes(predict))
    throw new DataError(`the predicted column ${quoted(predict)} cannot be excluded: its history is a feature`)
  for (const series of sources) {
    if (series.timeColumns.includes(predict))
      throw new DataError('the predicted column is the time', { file: series.path, column: predict })
    numericTarget(series, predict)
  }
  const values = sources.flatMap((series) => present(series, series.column(predict), until))
  const file = sources.map(({ path }) => path).join(', ')
  const span = until === undefined ? '' : ' before the first split'
  if (values.length === 0)
    throw new DataError(`expected values to predict, found none${span}`, { file, column: predict })
  if (values.every((value) => value === values[0]))
    throw new DataError(`expected values that change, found only ${values[0]}${span}`, { file, column: predict })
}

/** The values of the predicted column in their unit, NaN = missing. Throws DataError when it is absent or not numeric. */
export function numericTarget(series: Series, predict: string): Float64Array {
  const column = series.column(predict)
  if (column.kind === 'number') return column.values
  const at = column.values.findIndex((value) => value !== null && Number.isNaN(Number(value)))
  throw new DataError(
    `expected numbers, found ${quoted(column.values[at] ?? 'text')}; other texts for "missing" can be named as nulls`,
    series.place(at, predict),
  )
}

/** The columns to look at besides the predicted one. */
function candidates(sources: readonly Series[], options: EncodingOptions, warnings: string[]): string[] {
  const { predict, features, exclude = [] } = options
  const [first] = sources
  if (!first) return []
  const times = new Set([...(options.timeColumns ?? []), ...sources.flatMap((series) => series.timeColumns)])
  for (const series of sources)
    for (const name of [...(features ?? []), ...exclude])
      if (!series.has(name) && !times.has(name)) throw unknownColumn(name, series.names, series.path)
  const asked = (features ?? first.names).filter((name, i, all) => all.indexOf(name) === i)
  return asked.filter((name) => {
    if (name === predict || exclude.includes(name)) return false
    const lacking = sources.find((series) => !series.has(name))
    if (times.has(name)) warnings.push(`column ${quoted(name)} is left out: it is part of the time`)
    else if (lacking) warnings.push(`column ${quoted(name)} is left out: ${lacking.path} lacks it`)
    return !times.has(name) && !lacking
  })
}

/** The input that a column becomes, or the reason why it becomes none. */
function decide(name: string, sources: readonly Series[], { until }: EncodingOptions): Input | string {
  const columns = sources.map((series) => series.column(name))
  const values = sources.flatMap((series, i) => present(series, columns[i], until))
  if (values.length === 0) return 'it has no values'
  if (values.every((value) => value === values[0])) return `it is always ${quoted(String(values[0]))}`
  const texts = values.filter((value) => typeof value === 'string')
  if (texts.length) return texts.length === values.length ? decideText(name, texts) : mixedKinds(sources)
  if (isTimePart(name)) return 'it is part of the time'
  if (sources.every((series, i) => isCounter(series, columns[i], until))) return 'it counts the rows'
  const numbers = values.filter((value) => typeof value === 'number')
  return { kind: isDegrees(name, numbers) ? 'degrees' : 'number', column: name }
}

function mixedKinds(sources: readonly Series[]): string {
  return `it is text in some and numeric in others of ${listed(sources.map(({ path }) => path))}`
}

function decideText(name: string, texts: readonly string[]): Input {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  if (isCompass(counts.keys())) return { kind: 'compass', column: name }
  const byFrequency = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return { kind: 'oneHot', column: name, levels: byFrequency.slice(0, MOST_LEVELS).map(([level]) => level) }
}

/** The values that are not missing, of the steps before `until`. */
function present(series: Series, column: SeriesColumn | undefined, until = Infinity): (number | string)[] {
  if (!column) return []
  const end = series.indexAt(until)
  if (column.kind === 'text') return column.values.slice(0, end).filter((value) => value !== null)
  return [...column.values.subarray(0, end)].filter((value) => !Number.isNaN(value))
}

function missingShare(name: string, sources: readonly Series[], until = Infinity): number {
  const steps = sources.reduce((sum, series) => sum + series.indexAt(until), 0)
  const there = sources.reduce((sum, series) => sum + present(series, series.column(name), until).length, 0)
  return 1 - there / steps
}

/** A column of integers that grows with every row and misses none is a row number, which says nothing of other files. */
function isCounter(series: Series, column: SeriesColumn | undefined, until = Infinity): boolean {
  if (column?.kind !== 'number') return false
  let last = -Infinity
  for (let i = 0; i < series.indexAt(until); i++) {
    if (series.rows[i] === 0) continue
    const value = column.values[i] ?? NaN
    if (!Number.isInteger(value) || value <= last) return false
    last = value
  }
  return true
}
