/** What the report shows beside the rows: columns of both domains, a stretch of forecasts, pictures of features. */
import { projectDomains } from '../pca.js'
import { meanOverSeeds } from '../protocol/metrics.js'
import { quantile } from '../protocol/bootstrap.js'
import type { ColumnQuantiles, FeatureView, ForecastSample, Quantiles } from '../protocol/result.js'
import type { Domain, Domains } from './domains.js'
import type { Common } from './evaluate.js'
import type { AdaptOptions } from './options.js'
import type { Samples } from './samples.js'
import { heldBackFeatures, type Trained } from './train.js'

function quantiles(domains: Domain[], name: string): Quantiles | undefined {
  const values = domains.flatMap(({ series, parts }) => {
    const column = series.column(name)
    return column.kind === 'number' ? [...column.values.subarray(parts.train.from, parts.train.to)] : []
  })
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort()
  if (sorted.length === 0) return undefined
  return { p5: quantile(sorted, 0.05), p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) }
}

/** Units cannot be detected: both domains' ranges are shown side by side. */
export function columnQuantiles({ source, target, encoding }: Domains): ColumnQuantiles[] {
  return encoding.inputs.flatMap((input) => {
    if (input.kind !== 'number') return []
    const [a, b] = [quantiles(source, input.column), quantiles([target], input.column)]
    const disjoint = a !== undefined && b !== undefined && (a.p95 < b.p5 || b.p95 < a.p5)
    return [{ column: input.column, source: a, target: b, disjoint }]
  })
}

export function disjointWarnings(columns: ColumnQuantiles[]): string[] {
  return columns
    .filter(({ disjoint }) => disjoint)
    .map(
      ({ column }) =>
        `the ranges of "${column}" do not meet in source and target: are the units the same? (--derive converts)`,
    )
}

const SAMPLE_STEPS = 14 * 24

/** The first stretch of the test period at the final lead. */
export function forecastSample({ truth, times, scored }: Common, options: AdaptOptions): ForecastSample {
  const { horizon } = options
  const step = Math.min(...[...times].slice(1).map((time, i) => time - (times[i] as number)))
  const shown = scored.filter(({ kind, method }) => kind !== 'baseline' || method === 'persistence')
  const at = new Map([...times].map((time, i) => [time, i] as const))
  const grid = Array.from({ length: Math.min(SAMPLE_STEPS, times.length) }, (_, i) => (times[0] as number) + i * step)
  const pick = (values: Float64Array) =>
    grid.map((time) => {
      const i = at.get(time)
      return i === undefined ? null : (values[i * horizon + horizon - 1] as number)
    })
  return {
    times: grid.map((time) => new Date(time).toISOString()),
    truth: pick(truth),
    forecasts: shown.map(({ method, forecasts }) => ({ method, values: pick(meanOverSeeds(forecasts)) })),
  }
}

/** One picture per network of the first seed, held-back rows of both domains on two principal components. */
export async function featureViews(
  trained: Trained[],
  domains: Domains,
  samples: Samples,
  options: AdaptOptions,
): Promise<FeatureView[]> {
  const views: FeatureView[] = []
  for (const { method, seed, model } of trained) {
    if (seed !== 0 || method === 'target-only' || samples.target.validationInputs.count < 3) continue
    const { source, target } = await heldBackFeatures(model, { domains, samples, options })
    views.push({ method, ...projectDomains(source.values, target.values, source.width) })
  }
  return views
}
