/** The rows that need no network: what any forecast has to beat. */
import type { Scaler } from '../../data/scaler.js'
import { inOrder } from '../rows.js'
import { climatology, fitClimatology } from '../protocol/climatology.js'
import {
  dampedPersistence,
  fitDampedPersistence,
  persistence,
  sameAsPersistence,
  seasonalPeriod,
  seasonalPersistence,
} from '../protocol/persistence.js'
import { fitRidge, predictRidge, type WindowSource } from '../protocol/ridge.js'
import type { RawWindows } from '../protocol/windows.js'
import type { Windows } from '../../data/windows.js'
import type { Domain, Domains } from './domains.js'
import type { Samples } from './samples.js'

export interface Baseline {
  method: string
  /** [n, horizon] in the column's unit; NaN where it has nothing to say. */
  forecast: Float64Array
  note?: string
}

export function rawWindows({ series, raw }: Domain, set: Windows): RawWindows {
  const origins = set.batch().lead.map((lead) => lead - 1)
  return { start: series.start, step: series.step, length: series.length, values: raw, origins, horizon: set.horizon }
}

/** Every baseline's forecasts of the test windows. Those that are fitted are fitted on the source. */
export function baselines({ source, target, scaler }: Domains, samples: Samples, test: RawWindows): Baseline[] {
  const rows: Baseline[] = [{ method: 'persistence', forecast: persistence(test) }]
  const period = seasonalPeriod(target.series.step)
  if (period !== undefined) {
    const note = sameAsPersistence(test.horizon, period) ? 'same as persistence' : undefined
    rows.push({ method: 'seasonal-persistence', forecast: seasonalPersistence(test, period), note })
  }
  const sourceRows = source.map(({ series, raw, parts }) => ({
    start: series.start,
    step: series.step,
    length: series.length,
    values: raw,
    rows: parts.train,
  }))
  const damped = fitDampedPersistence(source.map((domain) => trainOrigins(domain, test.horizon)))
  rows.push({ method: 'climatology', forecast: climatology(fitClimatology(sourceRows), test) })
  rows.push({ method: 'damped-persistence', forecast: dampedPersistence(damped, test) })
  rows.push({ method: 'ridge', forecast: ridge(samples, scaler) })
  return rows
}

/** Every row of source-train whose labels lie inside it, as an origin. */
function trainOrigins({ series, raw, parts }: Domain, horizon: number): RawWindows {
  const { from, to } = parts.train
  const origins = Int32Array.from({ length: Math.max(0, to - from - horizon) }, (_, i) => from + i)
  return { start: series.start, step: series.step, length: series.length, values: raw, origins, horizon }
}

function ridge({ source, target }: Samples, scaler: Scaler): Float64Array {
  const { train, validation } = source
  const inputs = train.history * train.features
  const model = fitRidge({
    train: standardised(train, scaler),
    validation: standardised(validation, scaler),
    inputs,
    horizon: train.horizon,
  })
  const { x } = target.test.batch()
  const [mean, scale] = [scaler.mean[0] as number, scaler.scale[0] as number]
  return predictRidge(model, x, target.test.count).map((value) => value * scale + mean)
}

function standardised(set: Windows, { mean, scale }: Scaler): WindowSource {
  return function* () {
    for (const indices of inOrder(set.count, 1024)) {
      const { x, y } = set.batch(indices)
      yield { x, y: y.map((v) => (v - (mean[0] as number)) / (scale[0] as number)), count: indices.length }
    }
  }
}
