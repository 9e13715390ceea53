import { ArgumentError } from '../../engine/errors.js'
import { forEachLead, type RawRows, type RawWindows } from './windows.js'

/** Mean by month and hour of day, on the table's clock. */
export interface Climatology {
  /** [12, 24], every cell filled: an hour's or the overall mean stands in where source-train has no value. */
  means: Float64Array
}

/**
 * Source-train mean by month and hour of day; a cell without a measurement takes the mean of its hour over all months,
 * and an hour without any the overall mean.
 *
 * @throws ArgumentError when source-train has no measured value
 */
export function fitClimatology(sources: readonly RawRows[]): Climatology {
  const cells = new Means(12 * 24)
  const hours = new Means(24)
  const overall = new Means(1)
  for (const { values, start, step, rows } of sources) {
    for (let row = rows.from; row < rows.to; row++) {
      const value = values[row] ?? NaN
      if (Number.isNaN(value)) continue
      const cell = cellOf(start + row * step)
      cells.add(cell, value)
      hours.add(cell % 24, value)
      overall.add(0, value)
    }
  }
  if (overall.at(0) === undefined) throw new ArgumentError('fitClimatology', 'a measured value in source-train', 'none')
  return { means: Float64Array.from({ length: 12 * 24 }, (_, i) => cells.at(i) ?? hours.at(i % 24) ?? overall.at(0)!) }
}

/** ŷ(t+k) = the mean of its month and hour. Returns [n, horizon] in the column's unit. */
export const climatology = ({ means }: Climatology, windows: RawWindows): Float64Array =>
  forEachLead(windows, (origin, lead) => means[cellOf(windows.start + (origin + lead) * windows.step)]!)

/** Times without a zone are kept as UTC throughout, so UTC's month and hour are those of the table. */
function cellOf(time: number): number {
  const date = new Date(time)
  return date.getUTCMonth() * 24 + date.getUTCHours()
}

class Means {
  private readonly sums: Float64Array
  private readonly counts: Int32Array

  constructor(size: number) {
    this.sums = new Float64Array(size)
    this.counts = new Int32Array(size)
  }

  add(i: number, value: number): void {
    this.sums[i]! += value
    this.counts[i]!++
  }

  at(i: number): number | undefined {
    return this.counts[i] ? this.sums[i]! / this.counts[i] : undefined
  }
}
