import { ShapeError } from '../../engine/errors.js'

/** Errors in the predicted column's unit. `rmse` and `mae` are those of the final lead, `leads` those of leads 1…h. */
export interface ForecastErrors {
  rmse: number
  mae: number
  leads: { rmse: number[]; mae: number[] }
}

export interface Spread {
  mean: number
  /** Sample standard deviation (n − 1); 0 for a single value. */
  std: number
}

/**
 * Root mean squared and mean absolute error per lead, over all windows.
 *
 * @param forecast [n, horizon], row-major
 * @param truth [n, horizon], row-major
 * @throws ShapeError when the lengths differ, are no multiple of `horizon`, or there is no window
 */
export function forecastErrors(forecast: ArrayLike<number>, truth: ArrayLike<number>, horizon: number): ForecastErrors {
  const windows = countWindows(forecast, truth, horizon)
  const squared = new Float64Array(horizon)
  const absolute = new Float64Array(horizon)
  for (let i = 0; i < windows * horizon; i += horizon) {
    for (let k = 0; k < horizon; k++) {
      const error = forecast[i + k]! - truth[i + k]!
      squared[k]! += error * error
      absolute[k]! += Math.abs(error)
    }
  }
  const rmse = Array.from(squared, (sum) => Math.sqrt(sum / windows))
  const mae = Array.from(absolute, (sum) => sum / windows)
  return { rmse: rmse[horizon - 1]!, mae: mae[horizon - 1]!, leads: { rmse, mae } }
}

/** Squared error of each window at the final lead: what `pairedRatio` resamples. Shapes as in `forecastErrors`; gives [n]. */
export function finalSquaredErrors(
  forecast: ArrayLike<number>,
  truth: ArrayLike<number>,
  horizon: number,
): Float64Array {
  const errors = new Float64Array(countWindows(forecast, truth, horizon))
  for (let i = 0; i < errors.length; i++) {
    const last = i * horizon + horizon - 1
    errors[i] = (forecast[last]! - truth[last]!) ** 2
  }
  return errors
}

/** Element by element, the mean of several vectors of equal length (one per seed). */
export function meanOverSeeds(perSeed: readonly ArrayLike<number>[]): Float64Array {
  const length = perSeed[0]?.length ?? 0
  if (length === 0 || perSeed.some((values) => values.length !== length)) {
    throw new ShapeError('meanOverSeeds', 'vectors of one length', `[${perSeed.map((v) => v.length).join(', ')}]`)
  }
  const mean = new Float64Array(length)
  for (const values of perSeed) for (let i = 0; i < length; i++) mean[i]! += values[i]! / perSeed.length
  return mean
}

/** Mean and sample standard deviation of one figure over the seeds. */
export function spread(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (values.length < 2) return { mean, std: 0 }
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, std: Math.sqrt(squares / (values.length - 1)) }
}

function countWindows(forecast: ArrayLike<number>, truth: ArrayLike<number>, horizon: number): number {
  const windows = truth.length / horizon
  if (forecast.length !== truth.length || !Number.isInteger(windows) || windows === 0) {
    throw new ShapeError(
      'metrics',
      `forecast and truth of n × ${horizon} values`,
      `${forecast.length} and ${truth.length}`,
    )
  }
  return windows
}
