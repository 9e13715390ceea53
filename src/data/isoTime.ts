import type { Column, TextColumn } from './table.js'

const ISO =
  /^(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

/**
 * Epoch milliseconds of an ISO 8601 date or date and time; NaN when the text is not one.
 * Without an offset the text is taken as UTC. The year comes first: dates whose order of day and month would have to
 * be guessed are not times.
 */
export function parseIsoTime(text: string): number {
  const match = ISO.exec(text.trim())
  if (!match) return NaN
  const [, year, , month, day, hour = '0', minute = '0', second = '0', fraction = '0', offset = 'Z'] = match
  const whole = utcTime(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  return whole + Math.round(Number(`0.${fraction}`) * 1000) - offsetOf(offset)
}

/** Epoch milliseconds of a calendar time in UTC; NaN when there is no such time. Hour 24:00 is the next day's 0:00. */
export function utcTime(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  const fields = [year, month, day, hour, minute, second]
  if (!fields.every(Number.isInteger)) return NaN
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return NaN
  const midnight = hour === 24 && minute === 0 && second === 0
  if (hour < 0 || (hour > 23 && !midnight) || minute < 0 || minute > 59 || second < 0 || second > 59) return NaN
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

function offsetOf(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (offset.startsWith('-') ? -1 : 1) * minutes * 60_000
}

/** Turns a text column into a time column when it has a value and every value that is there is an ISO time. */
export function asTimeColumn(column: TextColumn): Column {
  const values = new Float64Array(column.values.length).fill(NaN)
  let present = 0
  for (const [i, text] of column.values.entries()) {
    if (text === null) continue
    const time = parseIsoTime(text)
    if (Number.isNaN(time)) return column
    values[i] = time
    present++
  }
  return present ? { name: column.name, kind: 'time', values } : column
}
