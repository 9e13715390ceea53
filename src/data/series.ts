import { DataError } from '../engine/errors.js'
import { duration } from './duration.js'
import { quoted, unknownColumn, type Column, type Table, type TextColumn } from './table.js'
import { formatTime, type TimeIndex } from './time.js'

/** A column on the regular grid: a step without a row is missing in every column. */
export type SeriesColumn = { name: string; kind: 'number'; values: Float64Array } | TextColumn

/** A table on a regular time grid. Step i stands for the time `start + i · step`. */
export class Series {
  constructor(
    readonly path: string,
    /** Epoch milliseconds (UTC) of the first step. */
    readonly start: number,
    /** Milliseconds between steps. */
    readonly step: number,
    /** The number of steps, gaps included. */
    readonly length: number,
    /** Columns without those of the time. */
    readonly columns: readonly SeriesColumn[],
    /** The columns that the time was read from. */
    readonly timeColumns: readonly string[],
    /** For each step the row of the file (1-based, header included), 0 for a gap. */
    readonly rows: Int32Array,
  ) {}

  /** Epoch milliseconds of step `index`. */
  epoch(index: number): number {
    return this.start + index * this.step
  }

  /** The first step at or after a time, within 0…length. */
  indexAt(epoch: number): number {
    return Math.min(this.length, Math.max(0, Math.ceil((epoch - this.start) / this.step)))
  }

  /** The number of steps without a row. */
  get gaps(): number {
    return this.rows.reduce((count, row) => count + (row === 0 ? 1 : 0), 0)
  }

  get names(): string[] {
    return this.columns.map(({ name }) => name)
  }

  has(name: string): boolean {
    return this.columns.some((column) => column.name === name)
  }

  /** The column of that name. Throws DataError with the nearest names when there is none. */
  column(name: string): SeriesColumn {
    const found = this.columns.find((column) => column.name === name)
    if (!found) throw unknownColumn(name, this.names, this.path)
    return found
  }

  /** File and row of step `index`, in the form that DataError takes. */
  place(index: number, column?: string): { file: string; row?: number; column?: string } {
    return { file: this.path, row: this.rows[index] || undefined, column }
  }
}

/** More steps than this for each row mean that the step is wrong, not that rows are missing. */
const MOST_STEPS_PER_ROW = 1000

/**
 * Puts a table on a regular time grid. The step is the most frequent difference between consecutive rows (the smaller
 * of equally frequent ones), or `step` in milliseconds. Steps without a row become explicit gaps, missing in every
 * column. Throws DataError, with file and row, for times that go back, repeat, or lie beside the grid.
 */
export function regularise(table: Table, time: TimeIndex, options: { step?: number } = {}): Series {
  checkIncreasing(table, time.epoch)
  const step = options.step ?? usualStep(table, time.epoch)
  const positions = gridPositions(table, time.epoch, step)
  const length = (positions[positions.length - 1] ?? 0) + 1
  const columns = table.columns
    .filter((column) => !time.columns.includes(column.name))
    .flatMap((column) => spread(column, positions, length))
  const rows = new Int32Array(length)
  positions.forEach((position, i) => (rows[position] = table.place(i).row))
  return new Series(table.path, time.epoch[0] ?? NaN, step, length, columns, time.columns, rows)
}

function checkIncreasing(table: Table, epoch: Float64Array): void {
  const at = epoch.findIndex((now, i) => i > 0 && now <= (epoch[i - 1] ?? NaN))
  if (at < 0) return
  const now = epoch[at] ?? NaN
  const before = epoch[at - 1] ?? NaN
  const found = now === before ? `${formatTime(now)} a second time` : `${formatTime(now)} after ${formatTime(before)}`
  throw new DataError(`expected increasing times, found ${found}${severalSites(table, epoch)}`, table.place(at))
}

/** When the times increase within each level of a text column, one file holds several stations. */
function severalSites(table: Table, epoch: Float64Array): string {
  const column = table.columns.find((candidate) => candidate.kind === 'text' && separates(candidate, epoch))
  if (column?.kind !== 'text') return ''
  const levels = new Set(column.values)
  const condition = `${column.name}=${column.values[0] ?? ''}`
  return `; column ${quoted(column.name)} has ${levels.size} values, so choose one with --where ${quoted(condition)}`
}

function separates(column: TextColumn, epoch: Float64Array): boolean {
  const last = new Map<string | null, number>()
  for (const [i, level] of column.values.entries()) {
    const now = epoch[i] ?? NaN
    if (now <= (last.get(level) ?? -Infinity)) return false
    last.set(level, now)
  }
  return last.size > 1 && last.size <= column.values.length / 2
}

function usualStep(table: Table, epoch: Float64Array): number {
  if (epoch.length < 2) throw new DataError(`expected at least two rows, found ${epoch.length}`, { file: table.path })
  const counts = new Map<number, number>()
  for (let i = 1; i < epoch.length; i++) {
    const difference = (epoch[i] ?? NaN) - (epoch[i - 1] ?? NaN)
    counts.set(difference, (counts.get(difference) ?? 0) + 1)
  }
  const [usual = [NaN, 0]] = [...counts].sort(([a, often], [b, oftener]) => oftener - often || a - b)
  return usual[0]
}

function gridPositions(table: Table, epoch: Float64Array, step: number): Int32Array {
  if (!(step > 0)) throw new DataError(`expected a positive step in milliseconds, received ${step}`)
  const start = epoch[0] ?? NaN
  const length = ((epoch[epoch.length - 1] ?? NaN) - start) / step
  if (length > MOST_STEPS_PER_ROW * epoch.length)
    throw new DataError(
      `expected rows every ${duration(step)}, found ${epoch.length} over ${Math.round(length)} steps`,
      {
        file: table.path,
      },
    )
  return Int32Array.from(epoch, (now, i) => {
    const position = (now - start) / step
    if (Number.isInteger(position)) return position
    const found = `${formatTime(now)} after ${formatTime(epoch[i - 1] ?? NaN)}`
    throw new DataError(`expected times a multiple of ${duration(step)} apart, found ${found}`, table.place(i))
  })
}

function spread(column: Column, positions: Int32Array, length: number): SeriesColumn[] {
  const { name } = column
  if (column.kind === 'time') return []
  if (column.kind === 'text') {
    const text = new Array<string | null>(length).fill(null)
    positions.forEach((position, i) => (text[position] = column.values[i] ?? null))
    return [{ name, kind: 'text', values: text }]
  }
  const values = new Float64Array(length).fill(NaN)
  positions.forEach((position, i) => (values[position] = column.values[i] ?? NaN))
  return [{ name, kind: 'number', values }]
}
