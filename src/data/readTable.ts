import type { DuckDBConnection } from '@duckdb/node-api'
import { resolve } from 'node:path'
import { describe as describeValue, isArray, pathArgument } from '../engine/arguments.js'
import { ArgumentError, DataError } from '../engine/errors.js'
import { concatTables } from './concat.js'
import { asDataError, columnsOf, describe, firstSentence, sqlName, sqlPath, sqlText, withDatabase } from './duckdb.js'
import { bad, parseDerive } from './expression.js'
import type { CsvShape } from './csvScan.js'
import { openSource, type Source } from './source.js'
import { asTimeColumn } from './isoTime.js'
import { Table, type Column } from './table.js'
import { whereRows } from './where.js'

/** What stands for a missing value unless `nulls` says otherwise. Numbers such as -999 are never guessed. */
export const DEFAULT_NULLS: readonly string[] = ['', 'NA', 'NaN', 'nan', 'null', 'NULL', '-', 'N/A']

export interface ReadTableOptions {
  /** Texts that mean "missing". Default: DEFAULT_NULLS. */
  nulls?: readonly string[]
  /** Names of the columns of text files that have no header. Default: the first row. */
  names?: readonly string[]
  /** Conditions such as `location=Seattle` that all rows must satisfy; derived columns may be used. */
  where?: readonly string[]
  /** New or replaced columns such as `TEMP=(temp-32)/1.8`, each over the columns before it. */
  derive?: readonly string[]
}

/**
 * Reads CSV, TSV (either also gzipped) or Parquet into memory; several files become one table, in the order given.
 *
 * A column of a text file is numeric when each of its values is a number (all rows are looked at; true and false are
 * 1 and 0), a time when each is an ISO date or time (UTC unless it carries an offset), and text otherwise. A column
 * without any value is numeric. Throws DataError with file, row and column for what cannot be read whole, and
 * MissingPackageError when `@duckdb/node-api` is not installed.
 */
export async function readTable(paths: string | readonly string[], options: ReadTableOptions = {}): Promise<Table> {
  const files = typeof paths === 'string' ? [paths] : paths
  if (!isArray(files)) throw new ArgumentError('readTable', 'a path, or a list of paths', describeValue(files))
  for (const file of files) pathArgument('readTable', file)
  if (files.length === 0) throw new DataError('readTable: expected at least one file, received none')
  const tables: Table[] = []
  for (const file of files) tables.push(await readFile(file, options))
  return whereRows(concatTables(tables), options.where ?? [])
}

async function readFile(file: string, options: ReadTableOptions): Promise<Table> {
  const source = await openSource(file, options.names)
  const nulls = options.nulls ?? DEFAULT_NULLS
  return withDatabase((connection) =>
    asDataError(file, async () => {
      const names = await load(connection, source, nulls)
      // Nothing after this line needs a file, and derived columns are computed from what a user wrote.
      await connection.run('SET enable_external_access = false')
      const derived = await derive(connection, file, names, options.derive ?? [])
      return collect(connection, source, derived)
    }),
  )
}

/** Loads the file to a table `base` with columns c0, c1, … of types DOUBLE and VARCHAR; returns the columns' names. */
async function load(connection: DuckDBConnection, source: Source, nulls: readonly string[]): Promise<string[]> {
  const from = source.shape ? csvQuery(source, source.shape, nulls) : `read_parquet(${sqlPath(resolve(source.file))})`
  await connection.run(`CREATE TABLE raw AS SELECT * FROM ${from}`)
  const raw = await describe(connection, 'SELECT * FROM raw')
  const typed = source.shape
    ? await textTypes(connection, raw)
    : raw.map(({ name, type }) => parquetType(name, type, nulls))
  const columns = typed.map((sql, i) => `${sql} AS c${i}`)
  await connection.run(`CREATE TABLE base AS SELECT ${columns.join(', ')} FROM raw`)
  await connection.run('DROP TABLE raw')
  return source.shape ? [...source.shape.names] : raw.map(({ name }) => name)
}

/**
 * Everything is given, nothing is left to be guessed: the dialect was established by scanCsv, types come later.
 * Strict mode refuses mixed line endings, which scanCsv has seen to be harmless.
 */
function csvQuery(source: Source, shape: CsvShape, nulls: readonly string[]): string {
  const { delimiter, names, header, mixedNewlines } = shape
  const columns = names.map((_, i) => `'c${i}': 'VARCHAR'`)
  return `read_csv(${sqlPath(resolve(source.file))}, auto_detect = false, header = ${header}, skip = 0, comment = '',
    delim = ${sqlText(delimiter)}, quote = '"', escape = '"',
    compression = ${source.gzip ? "'gzip'" : "'none'"}, strict_mode = ${!mixedNewlines}, null_padding = false, ignore_errors = false,
    max_line_size = 16777216, nullstr = [${nulls.map(sqlText).join(', ')}], columns = {${columns.join(', ')}})`
}

/** Per VARCHAR column: DOUBLE when every value is a number or every value is true or false. */
async function textTypes(connection: DuckDBConnection, raw: readonly { name: string }[]): Promise<string[]> {
  const counts = raw.flatMap(({ name }) => {
    const id = sqlName(name)
    return [`count(${id})`, `count(TRY_CAST(${id} AS DOUBLE))`, `count(*) FILTER (lower(${id}) IN ('true', 'false'))`]
  })
  const result = await columnsOf(connection, `SELECT ${counts.join(', ')} FROM raw`)
  return raw.map(({ name }, i) => {
    const [present, numbers, booleans] = [0, 1, 2].map((k) => Number(result[3 * i + k]?.[0]))
    if (numbers === present) return numberOrNull(sqlName(name))
    return booleans === present ? `CAST(CAST(${sqlName(name)} AS BOOLEAN) AS DOUBLE)` : sqlName(name)
  })
}

/** NaN is missing like NULL, also for functions such as coalesce. */
function numberOrNull(id: string): string {
  return `nullif(CAST(${id} AS DOUBLE), 'nan'::DOUBLE)`
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN|"NULL")$/

function parquetType(name: string, type: string, nulls: readonly string[]): string {
  const id = sqlName(name)
  if (NUMERIC.test(type)) return numberOrNull(id)
  // Times travel as ISO text, so that one function decides what a time is, whichever file it comes from.
  if (type === 'DATE') return `CAST(${id} AS VARCHAR)`
  if (type === 'TIMESTAMP WITH TIME ZONE') return `CAST(make_timestamp(epoch_us(${id})) AS VARCHAR)`
  if (type.startsWith('TIMESTAMP')) return `CAST(CAST(${id} AS TIMESTAMP) AS VARCHAR)`
  const text = `CAST(${id} AS VARCHAR)`
  return `CASE WHEN ${text} IN (${nulls.map(sqlText).join(', ')}) THEN NULL ELSE ${text} END`
}

/** Adds the derived columns to `base` one by one. Returns the SQL identifier of each column of the result by name. */
async function derive(
  connection: DuckDBConnection,
  file: string,
  names: readonly string[],
  expressions: readonly string[],
): Promise<Map<string, string>> {
  const columns = new Map(names.map((name, i) => [name, `c${i}`]))
  for (const [i, text] of expressions.entries()) {
    const { name, sql } = parseDerive(text, columns, file)
    try {
      const [result] = await describe(connection, `SELECT (${sql}) FROM base`)
      const type = result?.type ?? ''
      if (!NUMERIC.test(type) && type !== 'VARCHAR') throw bad(text, 'gives neither a number nor text', file)
      const value = type === 'VARCHAR' ? `(${sql})` : `CAST((${sql}) AS DOUBLE)`
      await connection.run(`CREATE TABLE next AS SELECT *, ${value} AS d${i} FROM base`)
    } catch (error) {
      if (error instanceof DataError) throw error
      throw bad(text, `cannot be computed: ${renamed(firstSentence(error), columns)}`, file)
    }
    await connection.run('DROP TABLE base; ALTER TABLE next RENAME TO base')
    columns.set(name, `d${i}`)
  }
  return columns
}

/** Puts the user's names back where the database speaks of c0, c1, …. */
function renamed(message: string, columns: ReadonlyMap<string, string>): string {
  for (const [name, id] of columns) message = message.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), () => name)
  return message
}

async function collect(
  connection: DuckDBConnection,
  source: Source,
  columns: ReadonlyMap<string, string>,
): Promise<Table> {
  const values = await columnsOf(connection, `SELECT ${[...columns.values()].join(', ')} FROM base`)
  const rows = values[0]?.length ?? 0
  const { file, shape } = source
  if (rows === 0) throw new DataError('expected at least one row, found none', { file })
  if (shape && rows !== shape.rows)
    throw new DataError(`expected ${shape.rows} rows, the reader returned ${rows}`, { file })
  const origin = {
    files: [file],
    file: new Int32Array(rows),
    row: Int32Array.from({ length: rows }, (_, i) => i + (shape?.header ? 2 : 1)),
  }
  const table = new Table(
    file,
    [...columns.keys()].map((name, i) => toColumn(name, values[i] ?? [])),
    origin,
  )
  checkFinite(table)
  return table
}

function toColumn(name: string, values: readonly unknown[]): Column {
  if (values.some((value) => typeof value === 'string'))
    return asTimeColumn({
      name,
      kind: 'text',
      values: values.map((value) => (typeof value === 'string' ? value : null)),
    })
  return {
    name,
    kind: 'number',
    values: Float64Array.from(values, (value) => (typeof value === 'number' ? value : NaN)),
  }
}

function checkFinite(table: Table): void {
  for (const column of table.columns) {
    if (column.kind === 'text') continue
    const at = column.values.findIndex((value) => Math.abs(value) === Infinity)
    if (at >= 0) throw new DataError('expected a finite number, found an infinite one', table.place(at, column.name))
  }
}
