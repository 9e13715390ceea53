import { DAY } from '../../data/duration.js'
import { ArgumentError } from '../../engine/errors.js'
import { forEachLead, valueAt, type RawWindows } from './windows.js'

/** ŷ(t+k) = y(t). Returns [n, horizon] in the column's unit; NaN where y(t) is missing. */
export const persistence = (windows: RawWindows): Float64Array =>
  forEachLead(windows, (origin) => valueAt(windows, origin))

/**
 * ŷ(t+k) = y(t + k − P⌈k/P⌉): the latest value of the same phase that is known at t.
 * Returns [n, horizon]; NaN where that value is missing or lies before the series.
 *
 * @param period P in rows, as `seasonalPeriod` gives it
 */
export function seasonalPersistence(windows: RawWindows, period: number): Float64Array {
  if (!(Number.isInteger(period) && period > 0)) {
    throw new ArgumentError('seasonalPersistence', 'a period of whole rows', `${period}`)
  }
  return forEachLead(windows, (origin, lead) => valueAt(windows, origin + lead - period * Math.ceil(lead / period)))
}

/** Rows per season: one day for steps below a day, one year (365 days) otherwise; undefined where no whole number of steps fills it. */
export function seasonalPeriod(step: number): number | undefined {
  const season = step < DAY ? DAY : 365 * DAY
  const rows = season / step
  if (step >= DAY) return rows >= 1 ? Math.round(rows) : undefined
  return Number.isInteger(rows) ? rows : undefined
}

/** Whether seasonal persistence at this lead is y(t) itself, so that its row repeats that of persistence. */
export const sameAsPersistence = (lead: number, period: number): boolean => lead % period === 0

/** Damped persistence: the mean of source-train and a damping factor per lead. */
export interface DampedPersistence {
  mean: number
  /** φ_k for leads 1 … horizon. */
  phi: Float64Array
}

/**
 * Least squares of y(t+k) − mean on y(t) − mean, for each lead k over all source-train windows;
 * `mean` is that of the windows' origins. Windows with a missing value do not count for that lead.
 */
export function fitDampedPersistence(windows: readonly RawWindows[]): DampedPersistence {
  const horizon = Math.min(...windows.map((series) => series.horizon))
  const mean = meanOfOrigins(windows)
  if (Number.isNaN(mean)) throw new ArgumentError('fitDampedPersistence', 'windows with measured origins', 'none')
  const cross = new Float64Array(horizon)
  const squares = new Float64Array(horizon)
  for (const series of windows) {
    forEachLead(series, (origin, lead) => {
      const now = valueAt(series, origin) - mean
      const later = valueAt(series, origin + lead) - mean
      if (lead > horizon || Number.isNaN(now) || Number.isNaN(later)) return 0
      cross[lead - 1]! += now * later
      return (squares[lead - 1]! += now * now)
    })
  }
  // A constant column has nothing to damp: φ = 0 forecasts its mean.
  return { mean, phi: cross.map((sum, k) => (squares[k]! > 0 ? sum / squares[k]! : 0)) }
}

/** ŷ(t+k) = mean + φ_k (y(t) − mean). Returns [n, horizon]; NaN where y(t) is missing. */
export const dampedPersistence = ({ mean, phi }: DampedPersistence, windows: RawWindows): Float64Array =>
  forEachLead(windows, (origin, lead) => mean + phi[lead - 1]! * (valueAt(windows, origin) - mean))

function meanOfOrigins(windows: readonly RawWindows[]): number {
  let [sum, count] = [0, 0]
  for (const series of windows) {
    for (let i = 0; i < series.origins.length; i++) {
      const value = valueAt(series, series.origins[i]!)
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
  }
  return sum / count
}
