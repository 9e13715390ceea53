import { DataError } from '../engine/errors.js'
import { parseIsoTime } from './isoTime.js'
import { listed, quoted, type Column, type Table } from './table.js'

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>='

/** One condition on one column. */
export interface Condition {
  readonly column: string
  readonly operator: Operator
  readonly value: string
}

const CONDITION = /^\s*(?:"((?:[^"]|"")+)"|([^=<>!]+?))\s*(!=|<=|>=|==|=|<|>)\s*(.*?)\s*$/s

/** Parses `location=Seattle`, `year>=2013`, `"a=b"!=x`. Throws DataError for anything else. */
export function parseCondition(text: string): Condition {
  const match = CONDITION.exec(text)
  const column = match?.[1]?.replaceAll('""', '"') ?? match?.[2]
  const value = match?.[4]
  if (!match || column === undefined || !value)
    throw new DataError(`where ${quoted(text)}: expected COLUMN=VALUE with one of = != < <= > >=`)
  const operator = match[3] === '==' ? '=' : (match[3] as Operator)
  return { column, operator, value: value.replace(/^(['"])(.*)\1$/s, '$2') }
}

/**
 * The rows that satisfy every condition. Numbers compare as numbers, times as instants (the value in ISO form), text
 * by code units; a missing value satisfies nothing. Throws DataError when a value does not fit its column, or when no
 * row is left.
 */
export function whereRows(table: Table, conditions: readonly string[]): Table {
  return conditions.reduce((rest, text) => {
    const condition = parseCondition(text)
    const column = rest.column(condition.column)
    const kept = rest.filter(predicate(column, condition, rest.path))
    if (kept.rows === 0) throw nothingLeft(text, column, rest)
    return kept
  }, table)
}

function predicate(column: Column, condition: Condition, file: string): (index: number) => boolean {
  const compare = comparisons[condition.operator]
  if (column.kind === 'text') {
    const { values } = column
    return (i) => {
      const value = values[i] ?? null
      return value !== null && compare(value < condition.value ? -1 : value > condition.value ? 1 : 0)
    }
  }
  const bound = column.kind === 'time' ? parseIsoTime(condition.value) : Number(condition.value.trim() || NaN)
  if (Number.isNaN(bound)) {
    const expected = column.kind === 'time' ? 'an ISO time' : 'a number'
    throw new DataError(`where: expected ${expected} to compare with, received ${quoted(condition.value)}`, {
      file,
      column: column.name,
    })
  }
  const { values } = column
  // NaN - bound stays NaN, which no comparison accepts except the one guarded here.
  return (i) => !Number.isNaN(values[i] ?? NaN) && compare((values[i] ?? NaN) - bound)
}

const comparisons: Record<Operator, (difference: number) => boolean> = {
  '=': (d) => d === 0,
  '!=': (d) => d !== 0,
  '<': (d) => d < 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '>=': (d) => d >= 0,
}

function nothingLeft(text: string, column: Column, table: Table): DataError {
  const levels = column.kind === 'text' ? [...new Set(column.values.filter((value) => value !== null))] : []
  const hint = levels.length ? `; the column has ${listed(levels)}` : ''
  return new DataError(`where ${quoted(text)} leaves none of ${table.rows} rows${hint}`, {
    file: table.path,
    column: column.name,
  })
}
