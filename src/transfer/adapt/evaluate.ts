/** From forecasts to rows: every method on the same windows, with intervals. */
import { forecastErrors, finalSquaredErrors, meanOverSeeds, spread } from '../protocol/metrics.js'
import { negativeTransfer, pairedRatio } from '../protocol/bootstrap.js'
import type { AdaptRow, RowKind } from '../protocol/result.js'
import { commonWindows, scorable, takeWindows } from '../protocol/scorable.js'
import { labels, labelTimes, type RawWindows } from '../protocol/windows.js'
import type { Baseline } from './baselines.js'
import type { Trained } from './train.js'

/** A row's forecasts of the common windows, one array [n, horizon] per seed. */
export interface Scored {
  method: string
  kind: RowKind
  note?: string
  forecasts: Float64Array[]
}

export interface Common {
  /** Numbers of the test windows that every row scores. */
  keep: Int32Array
  truth: Float64Array
  /** Epoch milliseconds of the final lead's label. */
  times: Float64Array
  scored: Scored[]
  dropped: string[]
}

const kinds: Readonly<Record<string, RowKind>> = {
  'source-only': 'no-transfer',
  'target-only': 'reference',
  finetune: 'transfer',
  coral: 'transfer',
  mmd: 'transfer',
}

/** Keeps the windows that all rows can score; a baseline that could score too few is left out and named. */
export function onCommonWindows(test: RawWindows, rows: Baseline[], trained: Trained[]): Common {
  const { horizon } = test
  const truth = labels(test)
  const masks: Record<string, Uint8Array> = { truth: scorable(truth, horizon) }
  for (const { method, forecast } of rows) masks[method] = scorable(forecast, horizon)
  const { keep, dropped } = commonWindows(masks, { required: ['truth', 'persistence'] })
  const kept = (forecast: Float64Array) => takeWindows(forecast, horizon, keep)
  const times = labelTimes(test)
  const networks = [...new Set(trained.map(({ method }) => method))]
  const scored: Scored[] = [
    ...rows
      .filter(({ method }) => !dropped.includes(method))
      .map(({ method, note, forecast }) => ({ method, note, kind: 'baseline' as const, forecasts: [kept(forecast)] })),
    ...networks.map((method) => ({
      method,
      kind: kinds[method] ?? 'transfer',
      forecasts: trained.filter((each) => each.method === method).map(({ forecast }) => kept(forecast)),
    })),
  ]
  return { keep, truth: kept(truth), times: Float64Array.from(keep, (i) => times[i] as number), scored, dropped }
}

export function rowsOf({ truth, times, scored }: Common, horizon: number): AdaptRow[] {
  const squared = ({ forecasts }: Scored) => meanOverSeeds(forecasts.map((f) => finalSquaredErrors(f, truth, horizon)))
  const reference = scored.find(({ method }) => method === 'source-only')
  const referenceErrors = reference && squared(reference)
  return scored.map((row): AdaptRow => {
    const errors = row.forecasts.map((forecast) => forecastErrors(forecast, truth, horizon))
    const compared = row !== reference && referenceErrors !== undefined
    const ratio = compared ? pairedRatio(squared(row), referenceErrors, times) : undefined
    return {
      method: row.method,
      kind: row.kind,
      rmse: spread(errors.map(({ rmse }) => rmse)),
      mae: spread(errors.map(({ mae }) => mae)),
      ratio,
      negativeTransfer: row.kind === 'transfer' ? negativeTransfer(ratio) : undefined,
      seeds: row.forecasts.length,
      note: row.note,
      leads: {
        rmse: [...meanOverSeeds(errors.map(({ leads }) => leads.rmse))],
        mae: [...meanOverSeeds(errors.map(({ leads }) => leads.mae))],
      },
    }
  })
}
