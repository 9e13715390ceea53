import { access, constants, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  adapt,
  adaptDefaults,
  adaptMethods,
  saveForecaster,
  type AdaptOptions,
  type AdaptOutcome,
} from '../transfer/adapt/index.js'
import { openCanvas, writeReport, writeResult } from '../report/index.js'
import type { Device } from '../engine/native.js'
import { choice, integer, list, parse, parseDuration, required, UsageError } from './arguments.js'
import { progressBar } from './progress.js'
import { adaptTable } from './summary.js'
import { useColour } from './table.js'

export const adaptHelp = `landbridge adapt: carry a forecasting model from one region to another, and see what it is worth

  landbridge adapt --source A.csv.gz --target B.csv.gz --predict PM2.5 [options]

Tables (CSV, TSV, either gzipped, or Parquet; rows in time order)
  --source FILE          domain with labels; may be given several times
  --target FILE          domain to carry the model to
  --predict COLUMN       what to forecast
  --time COL | Y,M,D,H   where the time stands (default: detected and printed)
  --where COL=VALUE      only these rows, of both; also --source-where, --target-where; repeatable
  --features A,B         only these columns           --exclude A,B   all but these
  --derive 'T=(t-32)/1.8'  a new or replaced column; repeatable

Task
  --history N            steps that the model sees (default 24)
  --horizon N            steps ahead to forecast (default 24)
  --split T1,T2          times at which validation and test begin (default: 60 % and 80 % of the common span)
  --max-gap N            steps that a missing input is carried forward (default ${adaptDefaults.maxGap})
  --target-labels 30d    labelled end of target-train for finetune and target-only (default 30d)

Training
  --method M             source-only, coral, mmd, finetune, a list of them, or all (default all)
  --seeds N              trainings of each (default ${adaptDefaults.seeds})
  --epochs N             passes over the source at most (default ${adaptDefaults.epochs})
  --device D             cpu (default) or cuda
  --precision P          products of matrices on cuda: float32 (default), tf32 or bf16

Results
  --report FILE.html     a page with pictures          --json FILE     everything as data
  --save FILE            the trained model, for "landbridge predict" (with several methods: the last one named)
`

const options = {
  source: { type: 'string', multiple: true },
  target: { type: 'string' },
  predict: { type: 'string' },
  history: { type: 'string' },
  horizon: { type: 'string' },
  method: { type: 'string' },
  seeds: { type: 'string' },
  epochs: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'string' },
  time: { type: 'string' },
  where: { type: 'string', multiple: true },
  'source-where': { type: 'string', multiple: true },
  'target-where': { type: 'string', multiple: true },
  features: { type: 'string' },
  exclude: { type: 'string' },
  derive: { type: 'string', multiple: true },
  split: { type: 'string' },
  'max-gap': { type: 'string' },
  'target-labels': { type: 'string' },
  device: { type: 'string' },
  precision: { type: 'string' },
  save: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** bfloat16 has a short name on the command line, as elsewhere. */
const precisionNames = { float32: 'float32', tf32: 'tf32', bf16: 'bfloat16' } as const

type Values = ReturnType<typeof parse<typeof options>>['values']

function methodsOf(text: string): AdaptOptions['methods'] {
  if (text === 'all') return adaptMethods
  return text.split(',').map((each) => choice('method', each.trim(), [...adaptMethods]))
}

function splitOf(text: string | undefined): [string, string] | undefined {
  const parts = list(text)
  if (parts === undefined) return undefined
  if (parts.length !== 2) throw new UsageError(`--split: expected two times T1,T2, received "${text}"`)
  return [parts[0] as string, parts[1] as string]
}

function adaptOptions(values: Values): AdaptOptions {
  const source = values.source ?? []
  if (source.length === 0) throw new UsageError('--source is required')
  const labels = values['target-labels'] ?? '30d'
  const where = values.where ?? []
  return {
    source,
    target: required('target', values.target),
    predict: required('predict', values.predict),
    history: integer('history', values.history, 24),
    horizon: integer('horizon', values.horizon, 24),
    methods: methodsOf(values.method ?? 'all'),
    seeds: integer('seeds', values.seeds, adaptDefaults.seeds),
    epochs: integer('epochs', values.epochs, adaptDefaults.epochs),
    device: choice<Device>('device', values.device ?? adaptDefaults.device, ['cpu', 'cuda']),
    precision: precisionNames[choice('precision', values.precision ?? 'float32', ['float32', 'tf32', 'bf16'])],
    time: values.time,
    sourceWhere: [...where, ...(values['source-where'] ?? [])],
    targetWhere: [...where, ...(values['target-where'] ?? [])],
    features: list(values.features),
    exclude: list(values.exclude),
    derive: values.derive,
    split: splitOf(values.split),
    maxGap: integer('max-gap', values['max-gap'], adaptDefaults.maxGap, 0),
    targetLabels: { milliseconds: parseDuration('target-labels', labels), text: labels },
  }
}

/** A result that cannot be written is known before an hour of training, not after it. */
async function checkWritable(name: string, path: string): Promise<void> {
  const folder = dirname(resolve(path))
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`--${name}: expected a file in a folder that can be written to, received "${path}"`)
  })
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw new UsageError(`--${name}: expected a file, received the folder "${path}"`)
}

/** Each result has a file of its own, which is none of the tables. */
async function checkOutputs(outputs: Record<string, string | undefined>, tables: readonly string[]): Promise<void> {
  const taken = new Map(tables.map((path) => [resolve(path), 'a table']))
  for (const [name, path] of Object.entries(outputs)) {
    if (path === undefined) continue
    await checkWritable(name, path)
    const other = taken.get(resolve(path))
    if (other !== undefined) throw new UsageError(`--${name}: expected a file of its own, received that of ${other}`)
    taken.set(resolve(path), `--${name}`)
  }
}

export async function adaptCommand(args: string[]): Promise<void> {
  const { values } = parse(args, options)
  if (values.help) return void process.stdout.write(adaptHelp)
  const job = adaptOptions(values)
  const { report, json, save } = values
  await runAdapt(job, { report, json, save })
}

export interface Outputs {
  report?: string
  json?: string
  save?: string
}

export async function runAdapt(job: AdaptOptions, { report, json, save }: Outputs): Promise<AdaptOutcome> {
  await checkOutputs({ report, json, save }, [...job.source, job.target])
  if (report !== undefined) await openCanvas() // a missing package is known before the training, too
  const bar = progressBar('training', 100)
  const outcome = await adapt(job, {
    note: (text) => process.stderr.write(`${text}\n`),
    progress: (done, total, what) => bar.update((100 * done) / total, what),
  }).finally(() => bar.finish())
  process.stdout.write(`${adaptTable(outcome.result, { colour: useColour(process.stdout, process.env) })}\n`)
  if (json !== undefined) await writeResult(json, outcome.result)
  if (save !== undefined) await saveLast(save, job, outcome)
  if (report !== undefined) {
    await writeReport(report, outcome.result)
    process.stderr.write(`report: ${report}\n`)
  }
  return outcome
}

async function saveLast(path: string, job: AdaptOptions, { trained, domains }: AdaptOutcome): Promise<void> {
  const method = job.methods.at(-1) ?? 'source-only'
  const chosen = trained.find((each) => each.method === method && each.seed === 0)
  if (chosen !== undefined) await saveForecaster(path, chosen, domains, job)
}
