import { Table, type Column } from '../../src/data/index.js'

/** A table in memory whose rows are those of a text file with one header row. */
export function tableOf(columns: Record<string, readonly (number | string | null)[]>, path = 'table.csv'): Table {
  const made = Object.entries(columns).map(([name, values]): Column => {
    if (values.some((value) => typeof value === 'string'))
      return { name, kind: 'text', values: values.map((value) => (value === null ? null : String(value))) }
    return {
      name,
      kind: 'number',
      values: Float64Array.from(values, (value) => (value === null ? NaN : Number(value))),
    }
  })
  const rows = made[0]?.values.length ?? 0
  const row = Int32Array.from({ length: rows }, (_, i) => i + 2)
  return new Table(path, made, { files: [path], file: new Int32Array(rows), row })
}

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const START = Date.UTC(2020, 0, 1)

/** ISO dates, one per hour given, counted from 2020-01-01 (UTC). */
export function hours(...offsets: number[]): string[] {
  return offsets.map((offset) => new Date(START + offset * HOUR).toISOString())
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}
