import { DataError } from '../engine/errors.js'

/** Numbers (NaN = missing), or times as epoch milliseconds in UTC (NaN = missing). */
export interface NumericColumn {
  readonly name: string
  readonly kind: 'number' | 'time'
  readonly values: Float64Array
}

/** Text; null = missing. */
export interface TextColumn {
  readonly name: string
  readonly kind: 'text'
  readonly values: readonly (string | null)[]
}

export type ColumnKind = 'number' | 'text' | 'time'

export type Column = NumericColumn | TextColumn

/** Where each row of a table stands: `file[i]` indexes `files`, `row[i]` is 1-based and counts a text file's header. */
export interface RowOrigin {
  readonly files: readonly string[]
  readonly file: Int32Array
  readonly row: Int32Array
}

/** A table in memory that remembers the file and row each of its rows came from. */
export class Table {
  constructor(
    /** The file, or the files joined by ", ". */
    readonly path: string,
    readonly columns: readonly Column[],
    readonly origin: RowOrigin,
  ) {}

  /** The number of rows. */
  get rows(): number {
    return this.origin.row.length
  }

  get names(): string[] {
    return this.columns.map((column) => column.name)
  }

  /** The column of that name (case matters). Throws DataError with the nearest names when there is none. */
  column(name: string): Column {
    const found = this.columns.find((column) => column.name === name)
    if (!found) throw unknownColumn(name, this.names, this.path)
    return found
  }

  /** File and row of row `index`, in the form that DataError takes. */
  place(index: number, column?: string): { file: string; row: number; column?: string } {
    const file = this.origin.files[this.origin.file[index] ?? 0] ?? this.path
    return { file, row: this.origin.row[index] ?? 0, column }
  }

  /** The rows for which `keep` holds, in order. */
  filter(keep: (index: number) => boolean): Table {
    const kept = Int32Array.from({ length: this.rows }, (_, i) => i).filter(keep)
    const { files, file, row } = this.origin
    const pick = (from: Int32Array): Int32Array => kept.map((i) => from[i] ?? 0)
    return new Table(
      this.path,
      this.columns.map((column) => pickRows(column, kept)),
      { files, file: pick(file), row: pick(row) },
    )
  }
}

function pickRows(column: Column, rows: Int32Array): Column {
  if (column.kind === 'text') return { ...column, values: Array.from(rows, (i) => column.values[i] ?? null) }
  return { ...column, values: Float64Array.from(rows, (i) => column.values[i] ?? NaN) }
}

/** The error for a column that is not there. */
export function unknownColumn(name: string, names: readonly string[], file?: string): DataError {
  const near = nearestNames(name, names)
  const hint = near.length ? `the nearest are ${near.map(quoted).join(', ')}` : `there are ${listed(names)}`
  return new DataError(`no column ${quoted(name)}; ${hint}`, { file })
}

/** At most three of `names` that could be meant by `name`, nearest first. */
export function nearestNames(name: string, names: readonly string[]): string[] {
  const wanted = name.toLowerCase()
  return names
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.max(wanted.length, candidate.length) / 2))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's distance; a prefix counts as near, since "PM2" most likely means "PM2.5". */
function distanceOf(a: string, b: string): number {
  if (a !== '' && b.startsWith(a)) return 1
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}

export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** `"a", "b" and 3 more` */
export function listed(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map(quoted).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
