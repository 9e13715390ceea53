import { DataError } from '../engine/errors.js'
import { asTimeColumn, parseIsoTime, utcTime } from './isoTime.js'
import { listed, quoted, type Column, type Table } from './table.js'

/** The time of each row of a table. */
export interface TimeIndex {
  /** Epoch milliseconds in UTC, one per row. */
  readonly epoch: Float64Array
  /** The columns it was read from; they are no features. */
  readonly columns: readonly string[]
  /** One line for people: the columns, first and last time. */
  readonly description: string
}

/**
 * Finds the time of each row. `spec` names one column of ISO times, or year, month, day[, hour[, minute]] as a list
 * `Y,M,D,H`. Without it: the only time column, else columns named year, month, day[, hour[, minute]] in any case.
 * Times without an offset are taken as UTC. Throws DataError when there is no such column, more than one, or a row
 * whose time is missing or not a time.
 */
export function detectTime(table: Table, spec?: string): TimeIndex {
  const columns = spec === undefined ? findColumns(table) : namedColumns(table, spec)
  const [first] = columns
  if (!first) throw noTime(table)
  const epoch = columns.length === 1 ? fromColumn(table, first) : fromParts(table, columns)
  const names = columns.map(({ name }) => name)
  return { epoch, columns: names, description: describe(names, epoch) }
}

/** `2013-03-01 00:00` of epoch milliseconds, in UTC. */
export function formatTime(epoch: number): string {
  if (!Number.isFinite(epoch)) return String(epoch)
  const [date = '', time = ''] = new Date(epoch).toISOString().split('T')
  return `${date} ${epoch % 60_000 === 0 ? time.slice(0, 5) : time.replace(/\.000Z$|Z$/, '')}`
}

const PARTS = [
  { required: true, names: ['year', 'yr'] },
  { required: true, names: ['month', 'mon'] },
  { required: true, names: ['day', 'day_of_month', 'dayofmonth'] },
  { required: false, names: ['hour', 'hr'] },
  { required: false, names: ['minute'] },
]

/** Whether a column of this name holds a part of the time: year, month, day, hour or minute, in any case. */
export function isTimePart(name: string): boolean {
  return PARTS.some(({ names }) => names.includes(name.toLowerCase()))
}

function findColumns(table: Table): Column[] {
  const times = table.columns
    .map((column) => (column.kind === 'text' ? asTimeColumn(column) : column))
    .filter((column) => column.kind === 'time')
  if (times.length === 1) return times
  if (times.length > 1)
    throw new DataError(`expected one time column, found ${listed(times.map(({ name }) => name))}: name one`, {
      file: table.path,
    })
  const columns: Column[] = []
  for (const { required, names } of PARTS) {
    const found = table.columns.find((column) => column.kind === 'number' && names.includes(column.name.toLowerCase()))
    if (!found && required) return []
    if (!found) break
    columns.push(found)
  }
  return columns
}

function namedColumns(table: Table, spec: string): Column[] {
  const whole = table.columns.find((column) => column.name === spec.trim())
  if (whole) return [whole]
  const columns = spec.split(',').map((name) => table.column(name.trim()))
  if (columns.length === 2 || columns.length > PARTS.length)
    throw new DataError(`time ${quoted(spec)}: expected one column, or year,month,day[,hour[,minute]]`, {
      file: table.path,
    })
  return columns
}

function fromColumn(table: Table, column: Column): Float64Array {
  if (column.kind === 'number')
    throw new DataError('expected ISO dates or times such as 2013-03-01T05:00, found numbers', {
      file: table.path,
      column: column.name,
    })
  const epoch =
    column.kind === 'text'
      ? Float64Array.from(column.values, (text) => (text === null ? NaN : parseIsoTime(text)))
      : column.values
  const at = epoch.findIndex((time) => Number.isNaN(time))
  if (at < 0) return epoch
  const text = column.kind === 'text' ? column.values[at] : null
  const found = text == null ? 'a missing value' : quoted(text)
  throw new DataError(`expected an ISO date or time, found ${found}`, table.place(at, column.name))
}

function fromParts(table: Table, columns: readonly Column[]): Float64Array {
  const parts = columns.map((column) => {
    if (column.kind === 'number') return column.values
    throw new DataError(`expected numbers for a part of the time, found ${column.kind}`, {
      file: table.path,
      column: column.name,
    })
  })
  return Float64Array.from({ length: table.rows }, (_, i) => {
    const [year = NaN, month = NaN, day = NaN, hour = 0, minute = 0] = parts.map((values) => values[i] ?? NaN)
    const epoch = utcTime(year, month, day, hour, minute)
    if (!Number.isNaN(epoch)) return epoch
    const names = columns.map(({ name }) => name).join(',')
    const found = parts.map((values) => values[i]).join(',')
    throw new DataError(`expected a date and time in ${names}, found ${found}`, table.place(i))
  })
}

/** A text column that starts like a time but is none deserves to be named, with its first row that is not a time. */
function noTime(table: Table): DataError {
  for (const column of table.columns) {
    if (column.kind !== 'text') continue
    const first = column.values.find((value) => value !== null)
    if (first == null || Number.isNaN(parseIsoTime(first))) continue
    const at = column.values.findIndex((value) => value !== null && Number.isNaN(parseIsoTime(value)))
    return new DataError(
      `expected an ISO date or time, found ${quoted(column.values[at] ?? '')}`,
      table.place(at, column.name),
    )
  }
  return new DataError(
    `found no time: expected a column of ISO dates, or year, month, day[, hour]; there are ${listed(table.names)}`,
    { file: table.path },
  )
}

function describe(columns: readonly string[], epoch: Float64Array): string {
  const span = `${formatTime(epoch[0] ?? NaN)} to ${formatTime(epoch[epoch.length - 1] ?? NaN)}`
  return `time from ${columns.join(', ')} (UTC where no offset is given), ${span}`
}
