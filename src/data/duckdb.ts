import type * as DuckDB from '@duckdb/node-api'
import { DataError } from '../engine/errors.js'
import { optionalImport } from '../engine/optionalImport.js'

/** A private in-memory database for the time of `use`, which may install nothing and fetch nothing. */
export async function withDatabase<T>(use: (connection: DuckDB.DuckDBConnection) => Promise<T>): Promise<T> {
  const load = () => import('@duckdb/node-api')
  const { DuckDBInstance } = await optionalImport('@duckdb/node-api', 'reading tables', load)
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    try {
      return await use(connection)
    } finally {
      connection.closeSync()
    }
  } finally {
    instance.closeSync()
  }
}

/** Every row of a query, column by column, as JavaScript values. */
export async function columnsOf(connection: DuckDB.DuckDBConnection, sql: string): Promise<unknown[][]> {
  const result = await connection.run(sql)
  const columns: unknown[][] = Array.from({ length: result.columnCount }, () => [])
  for (const chunk of await result.fetchAllChunks())
    for (const [i, column] of columns.entries()) for (const value of chunk.getColumnValues(i)) column.push(value)
  return columns
}

/** The names and SQL types that a query would return, without running it. */
export async function describe(
  connection: DuckDB.DuckDBConnection,
  sql: string,
): Promise<{ name: string; type: string }[]> {
  const [names = [], types = []] = await columnsOf(connection, `DESCRIBE ${sql}`)
  return names.map((name, i) => ({ name: String(name), type: String(types[i]) }))
}

/** Runs `work`; what the database complains of becomes one sentence of a DataError. */
export async function asDataError<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DataError || !(error instanceof Error)) throw error
    throw new DataError(firstSentence(error), { file })
  }
}

/** "Binder Error: No function …\n\nLINE 1: …" without the kind of error and the query. */
export function firstSentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return (message.split('\n')[0] ?? message).replace(/^[\w ]*Error: /, '').trim()
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A path for `read_csv` and its like, which would otherwise take `*`, `?` and `[` for wildcards. */
export function sqlPath(path: string): string {
  return sqlText(path.replace(/[[*?]/g, '[$&]'))
}
