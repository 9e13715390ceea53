import { DataError } from '../engine/errors.js'
import { compassVector, degreesVector } from './directions.js'
import { DAY } from './duration.js'
import { checkStep, featureNames, numericTarget, type Encoding, type Input } from './features.js'
import type { Series, SeriesColumn } from './series.js'
import { listed, quoted } from './table.js'

/** Features of a series, in their own units. */
export interface Encoded {
  readonly names: readonly string[]
  /** Row-major [length, names.length]; NaN = missing. */
  readonly values: Float64Array
  /** The predicted column [length] in its unit; NaN = missing. */
  readonly target: Float64Array
}

/**
 * The features of a series, the same for source and target. Text that the source did not have is zero in every level.
 * Throws DataError when the series lacks columns of the encoding, has text for numbers or numbers for text, or another
 * step.
 */
export function encode(series: Series, encoding: Encoding): Encoded {
  checkStep(series, encoding.step)
  checkColumns(series, encoding)
  const width = encoding.names.length
  const values = new Float64Array(series.length * width)
  let offset = 0
  for (const input of encoding.inputs) {
    const fill = writer(series, input)
    for (let i = 0; i < series.length; i++) fill(i, values, i * width + offset)
    offset += featureNames(input).length
  }
  return { names: encoding.names, values, target: numericTarget(series, encoding.predict) }
}

function checkColumns(series: Series, encoding: Encoding): void {
  const missing = encoding.inputs.flatMap((input) =>
    'column' in input && !series.has(input.column) ? [input.column] : [],
  )
  if (missing.length === 0) return
  throw new DataError(
    `expected the source's columns, but ${listed(missing)} ${missing.length > 1 ? 'are' : 'is'} missing`,
    {
      file: series.path,
    },
  )
}

type Writer = (index: number, values: Float64Array, at: number) => void

function writer(series: Series, input: Input): Writer {
  switch (input.kind) {
    case 'hour':
      return (i, out, at) => out.set(circle((series.epoch(i) / DAY) % 1), at)
    case 'dayOfYear':
      return (i, out, at) => out.set(circle(yearFraction(series.epoch(i))), at)
    case 'number': {
      const values = numbers(series, input.column)
      return (i, out, at) => (out[at] = values[i] ?? NaN)
    }
    case 'degrees': {
      const values = numbers(series, input.column)
      return (i, out, at) => out.set(degreesVector(values[i] ?? NaN), at)
    }
    case 'compass': {
      const values = texts(series, input.column)
      return (i, out, at) => out.set(compassVector(values[i] ?? null), at)
    }
    case 'oneHot': {
      const values = texts(series, input.column)
      return (i, out, at) => out.set(oneHot(values[i] ?? null, input.levels), at)
    }
  }
}

function oneHot(value: string | null, levels: readonly string[]): number[] {
  return levels.map((level) => (value === null ? NaN : Number(level === value)))
}

function circle(turn: number): [number, number] {
  return [Math.sin(2 * Math.PI * turn), Math.cos(2 * Math.PI * turn)]
}

/** How much of its calendar year (UTC) has passed, 0 … 1. */
function yearFraction(epoch: number): number {
  const year = new Date(epoch).getUTCFullYear()
  const start = Date.UTC(year, 0, 1)
  return (epoch - start) / (Date.UTC(year + 1, 0, 1) - start)
}

function numbers(series: Series, name: string): Float64Array {
  const column = series.column(name)
  if (column.kind === 'number') return column.values
  const at = column.values.findIndex((value) => value !== null && Number.isNaN(Number(value)))
  throw new DataError(
    `expected numbers as in the source, found ${quoted(column.values[at] ?? 'text')}`,
    series.place(at, name),
  )
}

function texts(series: Series, name: string): readonly (string | null)[] {
  const column = series.column(name)
  if (column.kind === 'text') return column.values
  if (isEmpty(column)) return new Array<null>(series.length).fill(null)
  throw new DataError('expected text as in the source, found numbers', { file: series.path, column: name })
}

function isEmpty(column: SeriesColumn): boolean {
  return column.kind === 'number' && column.values.every((value) => Number.isNaN(value))
}
