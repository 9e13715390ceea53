/** The windows of every part, and how they become tensors for training. */
import { joinWindows } from '../../data/joinWindows.js'
import type { Scaler } from '../../data/scaler.js'
import type { WindowBatch } from '../../data/windowBatch.js'
import { requireWindows, windows, type Windows } from '../../data/windows.js'
import { tensor } from '../../ops/creation.js'
import { labelledSpan, type RowRange } from '../protocol/split.js'
import type { RowSource } from '../rows.js'
import type { Domain, Domains } from './domains.js'
import type { AdaptOptions } from './options.js'

export interface Samples {
  source: { train: Windows; validation: Windows }
  /** `inputs`: target-train without labels. `labelled`: its end that finetune and target-only may learn from. */
  target: {
    inputs: Windows
    validationInputs: Windows
    test: Windows
    labelled?: { train: Windows; validation: Windows }
  }
}

type Cut = Pick<AdaptOptions, 'history' | 'horizon' | 'maxGap'>

function cut({ values, raw }: Domain, range: RowRange, { history, horizon, maxGap }: Cut): Windows {
  const features = values.length / raw.length
  return windows({ values, features, target: raw, history, horizon, maxGap, ...range })
}

/** Windows by their inputs alone: whether labels exist decides nothing, because methods without labels must not know. */
function cutInputs(domain: Domain, range: RowRange, options: Cut): Windows {
  return cut({ ...domain, raw: new Float64Array(domain.raw.length) }, range, options)
}

export function cutSamples({ source, target }: Domains, options: AdaptOptions, needsLabels: boolean): Samples {
  const joined = (part: 'train' | 'validation') =>
    requireWindows(joinWindows(source.map((domain) => cut(domain, domain.parts[part], options))), `source ${part} part`)
  const inputs = requireWindows(cutInputs(target, target.parts.train, options), 'target training part')
  const span = needsLabels
    ? labelledSpan(target.parts.train, target.series.step, options.targetLabels.milliseconds)
    : undefined
  return {
    source: { train: joined('train'), validation: joined('validation') },
    target: {
      inputs,
      validationInputs: cutInputs(target, target.parts.validation, options),
      test: requireWindows(cut(target, target.parts.test, options), 'target test part'),
      labelled: span && {
        train: requireWindows(cut(target, span.train, options), 'labelled target span'),
        validation: requireWindows(cut(target, span.validation, options), "labelled target span's last fifth"),
      },
    },
  }
}

/**
 * Windows as rows for `fit`: x [n, history · features] standardised; y [n, horizon], what persistence misses in
 * standardised units, (y(t+k) − y(t))/scale.
 */
export function residualRows(set: Windows, scaler: Scaler): { x: RowSource; y: RowSource } {
  const scale = scaler.scale[0] as number
  let last: { indices: Int32Array; batch: WindowBatch } | undefined
  // x and y of one batch are asked for one after the other.
  const batchOf = (indices: Int32Array): WindowBatch => {
    if (last?.indices !== indices) last = { indices, batch: set.batch(indices) }
    return last.batch
  }
  const x: RowSource = {
    count: set.count,
    rows: (indices, device) =>
      tensor(batchOf(indices).x, { shape: [indices.length, set.history * set.features], device }),
  }
  const y: RowSource = {
    count: set.count,
    rows: (indices, device) => {
      const batch = batchOf(indices)
      const residual = batch.y.map(
        (value, i) => (value - (batch.origin[Math.floor(i / set.horizon)] as number)) / scale,
      )
      return tensor(residual, { shape: [indices.length, set.horizon], device })
    },
  }
  return { x, y }
}

/** Forecasts [n, horizon] in the column's unit from a model's residuals. */
export function fromResiduals(
  residuals: Float32Array,
  origin: Float64Array,
  horizon: number,
  scaler: Scaler,
): Float64Array {
  const scale = scaler.scale[0] as number
  return Float64Array.from(residuals, (value, i) => (origin[Math.floor(i / horizon)] as number) + value * scale)
}
