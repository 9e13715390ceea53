/** The main job: a model that learnt one region's measurements, carried to another region and judged there. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { requireDevice } from '../../engine/devices.js'
import { native } from '../../engine/native.js'
import type { AdaptResult, AdaptSettings } from '../protocol/result.js'
import { baselines, rawWindows } from './baselines.js'
import { columnQuantiles, disjointWarnings, featureViews, forecastSample } from './describe.js'
import { readDomains, type Domains } from './domains.js'
import { onCommonWindows, rowsOf, type Common } from './evaluate.js'
import { adaptDefaults, type AdaptObserver, type AdaptOptions } from './options.js'
import { cutSamples, type Samples } from './samples.js'
import { trainAll, type Trained } from './train.js'

export interface AdaptOutcome {
  result: AdaptResult
  domains: Domains
  trained: Trained[]
}

/**
 * Runs every row of the protocol on the same windows: baselines, source-only, the methods asked for, and target-only as
 * the labelled reference beside finetune. See docs/protocol.md for what each may see.
 */
export async function adapt(options: AdaptOptions, observer: AdaptObserver = {}): Promise<AdaptOutcome> {
  const began = performance.now()
  requireDevice('adapt', options.device ?? adaptDefaults.device) // before tables are read
  const domains = await readDomains(options, observer)
  const samples = cutSamples(domains, options, options.methods.includes('finetune'))
  const test = rawWindows(domains.target, samples.target.test)
  const rows = baselines(domains, samples, test)
  const trained = await trainAll({ domains, samples, options }, observer)
  const common = onCommonWindows(test, rows, trained)
  const columns = columnQuantiles(domains)
  const scored = rowsOf(common, options.horizon)
  const result: AdaptResult = {
    rows: scored,
    settings: settingsOf(options, domains, samples, common, (performance.now() - began) / 1000),
    warnings: [...domains.warnings, ...disjointWarnings(columns), ...droppedWarnings(common), ...shortWarnings(scored)],
    columns,
    sample: forecastSample(common, options),
    features: await featureViews(trained, domains, samples, options),
  }
  return { result, domains, trained }
}

const droppedWarnings = ({ dropped }: Common): string[] =>
  dropped.map((method) => `${method} could score less than half of the test windows and is left out`)

/** Weeks are what the interval resamples: of one week there is nothing to say. */
const shortWarnings = (rows: AdaptResult['rows']): string[] =>
  rows.some(({ ratio }) => ratio !== undefined)
    ? []
    : ['the test period touches only one calendar week: no ratio to source-only can be given an interval']

function settingsOf(
  options: AdaptOptions,
  { target, encoding, split }: Domains,
  { source, target: cut }: Samples,
  { keep }: Common,
  seconds: number,
): AdaptSettings {
  const iso = ([validation, test]: readonly [number, number]): [string, string] => [
    new Date(validation).toISOString(),
    new Date(test).toISOString(),
  ]
  const named = (path: string, where: readonly string[] = []) => [basename(path), ...where].join(' where ')
  return {
    source: options.source.map((path) => named(path, options.sourceWhere)),
    target: named(options.target, options.targetWhere),
    predict: options.predict,
    features: [...encoding.names],
    history: options.history,
    horizon: options.horizon,
    stepMilliseconds: target.series.step,
    split: { source: iso(split.instants.source), target: iso(split.instants.target) },
    windows: {
      source: { train: source.train.count, validation: source.validation.count },
      target: {
        train: cut.inputs.count,
        validation: cut.validationInputs.count,
        labelled: cut.labelled && cut.labelled.train.count + cut.labelled.validation.count,
      },
      test: keep.length,
      removed: cut.test.count - keep.length + cut.test.dropped.inputs + cut.test.dropped.labels,
    },
    seeds: Array.from({ length: options.seeds }, (_, seed) => seed),
    maxGap: options.maxGap,
    targetLabels: options.methods.includes('finetune') ? options.targetLabels.text : undefined,
    device: options.device ?? adaptDefaults.device,
    precision: options.precision ?? adaptDefaults.precision,
    versions: versions(),
    date: new Date().toISOString(),
    seconds,
  }
}

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return manifest.version
}

function versions(): Record<string, string> {
  return { landbridge: packageVersion(), node: process.versions.node, kernels: native.info().isa }
}
