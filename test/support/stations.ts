/** Two weather stations of one region, as CSV: a shared signal, a lag and an offset between them, some values missing. */
import { seeded } from 'landbridge/testing'

const HOUR = 3_600_000
/** So that the last fifth of 600 hours touches two weeks, which an interval needs. */
const START = Date.UTC(2020, 0, 3)

export interface Station {
  header: string[]
  rows: string[][]
}

export interface StationOptions {
  count?: number
  /** Hours by which the signal comes later here. */
  lag?: number
  offset?: number
  seed?: number
  /** Hours of the slow swing. */
  period?: number
}

const time = (hour: number) => new Date(START + hour * HOUR).toISOString().slice(0, 16).replace('T', ' ')

/** Columns time, PM (what is forecast), TEMP and wd (compass). */
export function station({ count = 600, lag = 0, offset = 0, seed = 1, period = 97 }: StationOptions = {}): Station {
  const random = seeded(seed)
  const rows = Array.from({ length: count }, (_, hour) => {
    const t = hour - lag
    const pm =
      60 + offset + 25 * Math.sin((2 * Math.PI * t) / period) + 12 * Math.sin((2 * Math.PI * t) / 24) + 6 * random()
    const temp = 10 + 5 * Math.sin((2 * Math.PI * (t - 6)) / 24) + random()
    const missing = hour % 113 === 50
    return [time(hour), missing ? 'NA' : pm.toFixed(2), temp.toFixed(2), ['N', 'E', 'S', 'W'][Math.floor(t / 10) & 3]!]
  })
  return { header: ['time', 'PM', 'TEMP', 'wd'], rows }
}

export const csv = ({ header, rows }: Station): string =>
  [header, ...rows].map((row) => row.join(',')).join('\n') + '\n'

/** A copy in which `change` gives another value for every cell of a column (PM by default) in rows from … to − 1. */
export function altered(
  { header, rows }: Station,
  range: { from: number; to: number; columns?: string[] },
  change = (value: string, row: number): string =>
    Number.isNaN(Number(value)) ? value : (Number(value) * 3 + 100 + (row % 7)).toFixed(2),
): Station {
  const { from, to, columns = ['PM'] } = range
  const at = columns.map((name) => header.indexOf(name))
  const inside = (i: number) => i >= from && i < to
  return {
    header,
    rows: rows.map((row, i) => row.map((cell, k) => (inside(i) && at.includes(k) ? change(cell, i) : cell))),
  }
}
