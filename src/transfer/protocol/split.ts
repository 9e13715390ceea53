import { ArgumentError } from '../../engine/errors.js'
import { parseInstant } from './instant.js'

/** A regular series on the clock: row i is at `start + i · step`, epoch milliseconds. */
export interface SeriesSpan {
  start: number
  step: number
  length: number
}

/** Rows `from` (inclusive) to `to` (exclusive) of one series. */
export interface RowRange {
  from: number
  to: number
}

export interface Parts {
  train: RowRange
  validation: RowRange
  test: RowRange
}

/** The first row of validation and of test, epoch milliseconds. */
export type Instants = readonly [validation: number, test: number]

export interface SplitOptions {
  /** Two ISO dates, earlier first; a date without a zone is read as UTC. They hold for both domains. */
  instants?: readonly [string, string]
  /** Shares of the common span at which validation and test begin; default `[0.6, 0.8]`. */
  fractions?: readonly [number, number]
}

export interface Split {
  /** One entry per source series, in order; a part that a series does not reach is empty. */
  source: Parts[]
  target: Parts
  /** Differ only when the domains have no common span. */
  instants: { source: Instants; target: Instants }
  warnings: string[]
}

/**
 * Splits source and target alike by two instants on one clock, so that nothing that is contemporary with the
 * target's test period is ever trained on: the default instants lie at 60 % and 80 % of the common time span.
 * Sources that never meet the target's span are cut by the same instants, but do not shape the span.
 * Without any common span each domain is cut at those shares of its own span, and a warning says so.
 *
 * @throws ArgumentError for instants that are no dates, out of order or outside of the span, and for parts left empty
 */
export function splitSeries(sources: readonly SeriesSpan[], target: SeriesSpan, options: SplitOptions = {}): Split {
  for (const series of [...sources, target]) checkSeries(series)
  if (sources.length === 0) throw new ArgumentError('split', 'at least one source series', 'none')
  const common = commonSpan(sources, target)
  const warnings: string[] = []
  let instants: Split['instants']
  if (options.instants) {
    const both = explicitInstants(options.instants, common)
    instants = { source: both, target: both }
  } else if (common) {
    const both = instantsAt(common, options.fractions, target)
    instants = { source: both, target: both }
  } else {
    warnings.push(disjointWarning(hull(sources), hull([target])))
    instants = {
      source: instantsAt(hull(sources), options.fractions, sources[0]),
      target: instantsAt(hull([target]), options.fractions, target),
    }
  }
  const split = {
    source: sources.map((series) => cut(series, instants.source)),
    target: cut(target, instants.target),
    instants,
    warnings,
  }
  checkParts(split)
  return split
}

/**
 * The labelled end of target-train that finetune and target-only may learn from, `milliseconds` long: its last fifth
 * (`validationShare`) is kept for early stopping.
 *
 * @throws ArgumentError when target-train is shorter than that, or a part would be empty
 */
export function labelledSpan(
  train: RowRange,
  step: number,
  milliseconds: number,
  validationShare = 0.2,
): { train: RowRange; validation: RowRange } {
  const rows = Math.round(milliseconds / step)
  const available = train.to - train.from
  if (!(rows >= 2 && rows <= available)) {
    throw new ArgumentError('labelledSpan', `2 to ${available} labelled rows (the target's training part)`, `${rows}`)
  }
  const from = train.to - rows
  const middle = train.to - Math.max(1, Math.round(rows * validationShare))
  if (middle <= from) throw new ArgumentError('labelledSpan', 'a validation share below 1', `${validationShare}`)
  return { train: { from, to: middle }, validation: { from: middle, to: train.to } }
}

interface Span {
  begin: number
  end: number
}

function checkSeries({ start, step, length }: SeriesSpan): void {
  const valid = Number.isFinite(start) && step > 0 && Number.isFinite(step) && Number.isInteger(length) && length > 0
  if (!valid)
    throw new ArgumentError('split', 'series with a start, a positive step and rows', JSON.stringify({ start, step, length })) // prettier-ignore
}

function hull(series: readonly SeriesSpan[]): Span {
  let begin = Infinity
  let end = -Infinity
  for (const { start, step, length } of series) {
    begin = Math.min(begin, start)
    end = Math.max(end, start + step * length)
  }
  return { begin, end }
}

function commonSpan(sources: readonly SeriesSpan[], target: SeriesSpan): Span | undefined {
  const own = hull([target])
  const meeting = sources.filter((series) => {
    const { begin, end } = hull([series])
    return begin < own.end && own.begin < end
  })
  if (meeting.length === 0) return undefined
  const { begin, end } = hull(meeting)
  return { begin: Math.max(begin, own.begin), end: Math.min(end, own.end) }
}

/** Snapped to a row of `series`, so that what the report prints is the time of a row. */
function instantsAt(
  { begin, end }: Span,
  fractions: readonly [number, number] = [0.6, 0.8],
  series?: SeriesSpan,
): Instants {
  const [first, second] = fractions
  if (!(first > 0 && first < second && second < 1)) {
    throw new ArgumentError('split', 'two fractions with 0 < first < second < 1', `${first}, ${second}`)
  }
  const at = (share: number) => {
    const instant = begin + share * (end - begin)
    return series ? series.start + Math.ceil((instant - series.start) / series.step - 1e-9) * series.step : instant
  }
  return [at(first), at(second)]
}

function explicitInstants(text: readonly [string, string], span: Span | undefined): Instants {
  const [first, second] = [parseInstant(text[0]), parseInstant(text[1])]
  const received = `${text[0]},${text[1]}`
  if (!(first < second)) throw new ArgumentError('split', 'two dates, the earlier first', received)
  if (!span) throw new ArgumentError('split', 'source and target with a common time span for given dates', 'none')
  if (first <= span.begin || second >= span.end) {
    throw new ArgumentError('split', `dates inside the common span ${iso(span.begin)} to ${iso(span.end)}`, received)
  }
  return [first, second]
}

function cut({ start, step, length }: SeriesSpan, [first, second]: Instants): Parts {
  const row = (instant: number) => Math.min(length, Math.max(0, Math.ceil((instant - start) / step)))
  const [a, b] = [row(first), row(second)]
  return { train: { from: 0, to: a }, validation: { from: a, to: b }, test: { from: b, to: length } }
}

function checkParts({ source, target }: Split): void {
  for (const part of ['train', 'validation', 'test'] as const) {
    if (target[part].to <= target[part].from)
      throw new ArgumentError('split', `rows in the target's ${part} part`, 'none')
    // Nothing is scored on the source's test part, so only the other two are needed.
    if (part !== 'test' && source.every((parts) => parts[part].to <= parts[part].from)) {
      throw new ArgumentError('split', `rows in the source's ${part} part`, 'none')
    }
  }
}

const iso = (time: number) => new Date(time).toISOString().slice(0, 16)

function disjointWarning(source: Span, target: Span): string {
  return (
    `Source (${iso(source.begin)} to ${iso(source.end)}) and target (${iso(target.begin)} to ${iso(target.end)}) ` +
    'have no common time span: each was split by its own span, so they are not compared over the same period.'
  )
}
