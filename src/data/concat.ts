import { DataError } from '../engine/errors.js'
import { listed, quoted, Table, type Column } from './table.js'

/** The rows of all tables, one after the other; columns are matched by name. Throws DataError when they do not match. */
export function concatTables(tables: readonly Table[]): Table {
  const [first, ...rest] = tables
  if (!first) throw new DataError('expected at least one table, received none')
  if (rest.length === 0) return first
  for (const table of rest) checkSameColumns(first, table)
  const columns = first.names.map((name) => joinColumns(name, tables))
  const files = tables.flatMap((table) => table.origin.files)
  const file = Int32Array.from(tables.flatMap((table, i) => new Array<number>(table.rows).fill(i)))
  const row = Int32Array.from(tables.flatMap((table) => [...table.origin.row]))
  return new Table(files.join(', '), columns, { files, file, row })
}

function checkSameColumns(first: Table, other: Table): void {
  const missing = first.names.filter((name) => !other.names.includes(name))
  const extra = other.names.filter((name) => !first.names.includes(name))
  if (missing.length + extra.length === 0) return
  const parts = [missing.length ? `lacks ${listed(missing)}` : '', extra.length ? `has ${listed(extra)} besides` : '']
  const difference = parts.filter(Boolean).join(' and ')
  throw new DataError(`expected the columns of ${first.path}, but this file ${difference}`, { file: other.path })
}

function joinColumns(name: string, tables: readonly Table[]): Column {
  const parts = tables.map((table) => ({ table, column: table.column(name) }))
  // A column that one file leaves empty has no kind of its own there.
  const kind = parts.find(({ column }) => !isEmpty(column))?.column.kind ?? 'number'
  for (const { table, column } of parts)
    if (column.kind !== kind && !isEmpty(column))
      throw new DataError(`expected ${quoted(kind)} values as in ${tables[0]?.path}, found ${quoted(column.kind)}`, {
        file: table.path,
        column: name,
      })
  if (kind === 'text') return { name, kind, values: parts.flatMap(({ column }) => textOf(column)) }
  return { name, kind, values: Float64Array.from(parts.flatMap(({ column }) => numbersOf(column))) }
}

function isEmpty(column: Column): boolean {
  return column.kind !== 'text' && column.values.every((value) => Number.isNaN(value))
}

function textOf(column: Column): readonly (string | null)[] {
  return column.kind === 'text' ? column.values : Array.from(column.values, () => null)
}

function numbersOf(column: Column): number[] {
  return column.kind === 'text' ? column.values.map(() => NaN) : [...column.values]
}
