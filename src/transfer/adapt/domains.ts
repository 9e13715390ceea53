/** From files to two domains on one clock: series, split, features and scaling that leak nothing. */
import { DataError } from '../../engine/errors.js'
import { applyScaler, fitScaler, type Scaler } from '../../data/scaler.js'
import { encode } from '../../data/encode.js'
import { fitEncoding, type Encoding } from '../../data/features.js'
import { readTable } from '../../data/readTable.js'
import { regularise, type Series } from '../../data/series.js'
import { detectTime } from '../../data/time.js'
import { splitSeries, type Parts, type Split } from '../protocol/split.js'
import type { AdaptObserver, AdaptOptions } from './options.js'

/** One table as a model sees it. */
export interface Domain {
  series: Series
  /** Standardised features [length, width]; NaN = missing. */
  values: Float32Array
  /** The predicted column [length] in its unit; NaN = missing. */
  raw: Float64Array
  parts: Parts
}

export interface Domains {
  source: Domain[]
  target: Domain
  encoding: Encoding
  scaler: Scaler
  split: Split
  warnings: string[]
}

export async function readSeries(
  path: string,
  where: readonly string[] | undefined,
  { time, derive }: Pick<AdaptOptions, 'time' | 'derive'>,
  note?: (text: string) => void,
): Promise<Series> {
  const table = await readTable(path, { where, derive })
  if (table.rows === 0) {
    throw new DataError(`expected rows${where?.length ? ` where ${where.join(' and ')}` : ''}, found none`, {
      file: path,
    })
  }
  const index = detectTime(table, time)
  note?.(`${path}: ${index.description}`)
  return regularise(table, index)
}

/**
 * Reads both domains. Everything that is fitted (which columns are features, levels of text, mean and scale) is fitted on
 * source rows before the first split.
 */
export async function readDomains(options: AdaptOptions, observer: AdaptObserver = {}): Promise<Domains> {
  const { note } = observer
  const sources: Series[] = []
  for (const path of options.source) sources.push(await readSeries(path, options.sourceWhere, options, note))
  const target = await readSeries(options.target, options.targetWhere, options, note)
  const split = splitSeries(sources, target, { instants: options.split })
  const encoding = fitEncoding(sources, {
    predict: options.predict,
    features: options.features,
    exclude: options.exclude,
    until: split.instants.source[0],
  })
  const encoded = sources.map((series) => encode(series, encoding))
  const width = encoding.names.length
  const trainRows = encoded.map(({ values }, i) => ({ values, ...(split.source[i] as Parts).train }))
  const scaler = fitScaler(trainRows, width)
  const domain = (series: Series, parts: Parts, { values, target: raw } = encode(series, encoding)): Domain => ({
    series,
    values: applyScaler(values, scaler),
    raw,
    parts,
  })
  return {
    source: sources.map((series, i) => domain(series, split.source[i] as Parts, encoded[i])),
    target: domain(target, split.target),
    encoding,
    scaler,
    split,
    warnings: [...split.warnings, ...encoding.warnings],
  }
}
