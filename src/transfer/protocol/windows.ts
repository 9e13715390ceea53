import type { RowRange, SeriesSpan } from './split.js'

/** The predicted column of one series in its own unit, never filled: NaN where the measurement is missing. */
export interface RawSeries extends SeriesSpan {
  values: ArrayLike<number>
}

/** Windows of one series by their origin row t, the last row of the history; the labels are rows t+1 … t+horizon. */
export interface RawWindows extends RawSeries {
  origins: ArrayLike<number>
  horizon: number
}

/** The rows of a series that a baseline may be fitted on. */
export interface RawRows extends RawSeries {
  rows: RowRange
}

/** Calls `visit(window, k, t)` for every window and lead k = 1 … horizon, and gathers what it returns as [n, horizon]. */
export function forEachLead(
  { origins, horizon }: RawWindows,
  visit: (origin: number, lead: number) => number,
): Float64Array {
  const out = new Float64Array(origins.length * horizon)
  for (let i = 0; i < origins.length; i++) {
    for (let lead = 1; lead <= horizon; lead++) out[i * horizon + lead - 1] = visit(origins[i]!, lead)
  }
  return out
}

/** A row's value; NaN outside of the series. */
export const valueAt = ({ values }: RawSeries, row: number): number => values[row] ?? NaN

/** The measured labels y(t+1) … y(t+horizon) of every window, [n, horizon]. */
export const labels = (windows: RawWindows): Float64Array =>
  forEachLead(windows, (origin, lead) => valueAt(windows, origin + lead))

/** Epoch milliseconds of each window's last label. */
export const labelTimes = ({ start, step, origins, horizon }: RawWindows): Float64Array =>
  Float64Array.from(origins, (origin) => start + (origin + horizon) * step)
