/** A trained forecaster in one file, and its use on a new table. */
import { ArgumentError, DataError } from '../../engine/errors.js'
import { encode } from '../../data/encode.js'
import type { Encoding } from '../../data/features.js'
import { applyScaler, type Scaler } from '../../data/scaler.js'
import { windows } from '../../data/windows.js'
import { loadSafetensors, saveSafetensors } from '../../io/safetensors.js'
import type { StateDict } from '../../nn/state.js'
import type { Model } from '../options.js'
import { predict } from '../predict.js'
import { readSeries, type Domains } from './domains.js'
import { forecaster } from './forecaster.js'
import type { AdaptOptions } from './options.js'
import { fromResiduals, residualRows } from './samples.js'
import type { Trained } from './train.js'

/** What the file says beside the weights. */
interface Saved {
  format: 'landbridge-forecaster-1'
  method: string
  history: number
  horizon: number
  maxGap: number
  encoding: Encoding
  scaler: Scaler
}

/** Writes the network of the first seed: whole or not at all. */
export async function saveForecaster(path: string, trained: Trained, domains: Domains, options: AdaptOptions) {
  const saved: Saved = {
    format: 'landbridge-forecaster-1',
    method: trained.method,
    history: options.history,
    horizon: options.horizon,
    maxGap: options.maxGap,
    encoding: domains.encoding,
    scaler: domains.scaler,
  }
  const { features, head } = trained.model
  const tensors = { ...prefixed('features.', features.stateDict()), ...prefixed('head.', head.stateDict()) }
  await saveSafetensors(path, tensors, { metadata: { landbridge: JSON.stringify(saved) } })
}

function prefixed<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [prefix + name, value]))
}

function without<T>(prefix: string, entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  )
}

function parseSaved(path: string, text: string | undefined): Saved {
  try {
    const saved = JSON.parse(text ?? 'null') as Saved | null
    if (saved?.format === 'landbridge-forecaster-1' && isWhole(saved)) return saved
  } catch {
    // falls through to the one sentence below
  }
  throw new DataError('expected a model saved by landbridge adapt --save, found none', { file: path })
}

/** A file that was edited or damaged says so here, not as numbers that mean nothing. */
function isWhole({ history, horizon, maxGap, encoding, scaler }: Saved): boolean {
  const { inputs, names, predict, step } = encoding
  const counts = [history, horizon].every((each) => Number.isSafeInteger(each) && each > 0) && maxGap >= 0
  const encodes = typeof predict === 'string' && step > 0 && Array.isArray(inputs) && inputs.length > 0
  const scales = [scaler.mean, scaler.scale].every(
    (each) => each.length === names.length && each.every(Number.isFinite),
  )
  return counts && encodes && scales
}

/** Puts the file's tensors into a model of the shape that the file speaks of. */
function loadModel(path: string, { history, horizon, encoding }: Saved, tensors: StateDict): Model {
  try {
    const model = forecaster({ history, width: encoding.names.length, horizon })
    model.features.loadStateDict(without('features.', tensors))
    model.head.loadStateDict(without('head.', tensors))
    return model
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    throw new DataError(`the tensors do not fit what the file says of the model: ${error.message}`, { file: path })
  }
}

export interface PredictOptions {
  input: string
  time?: string
  where?: readonly string[]
  derive?: readonly string[]
}

export interface Forecast {
  predict: string
  /** Time of the last history step, epoch milliseconds. */
  origin: number
  /** One entry per lead. */
  times: number[]
  values: number[]
}

/** Forecasts what follows the last complete history of a table. */
export async function predictFromFile(path: string, options: PredictOptions): Promise<Forecast> {
  const { tensors, metadata } = await loadSafetensors(path)
  const saved = parseSaved(path, metadata.landbridge)
  const { horizon, encoding, scaler } = saved
  const model = loadModel(path, saved, tensors)
  const series = await readSeries(options.input, options.where, options)
  const { values, target } = encode(series, encoding)
  const set = lastWindow(options.input, applyScaler(values, scaler), target, saved)
  const residuals = await predict(model, residualRows(set, scaler).x)
  const { origin, lead } = set.batch()
  const last = set.count - 1
  const forecast = fromResiduals(residuals.subarray(last * horizon), origin.subarray(last), horizon, scaler)
  const times = Array.from(forecast, (_, k) => series.epoch((lead[last] as number) + k))
  return { predict: encoding.predict, origin: series.epoch((lead[last] as number) - 1), times, values: [...forecast] }
}

/** Windows whose labels may lie beyond the end of the table: the series is extended by rows that only count as labels. */
function lastWindow(file: string, values: Float32Array, target: Float64Array, saved: Saved) {
  const { history, horizon, maxGap, encoding } = saved
  const features = encoding.names.length
  const extended = new Float32Array(values.length + horizon * features).fill(NaN)
  extended.set(values)
  // Labels are not read; the value at the origin is, so rows without one are no origins.
  const known = Float64Array.from({ length: target.length + horizon }, (_, i) => target[i] ?? 0)
  const set = windows({
    values: extended,
    features,
    target: known.map((v) => (Number.isNaN(v) ? 0 : v)),
    history,
    horizon,
    maxGap,
    keep: (origin) => origin < target.length && !Number.isNaN(target[origin]),
  })
  if (set.count > 0) return set
  throw new DataError(`expected ${history} consecutive steps with every feature, found none`, { file })
}
