/** The main job on real data that an npm package brings: daily weather, Seattle to New York. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DAY } from '../data/duration.js'
import { MissingPackageError } from '../engine/errors.js'
import { adaptMethods } from '../transfer/adapt/index.js'
import { runAdapt } from './adapt.js'
import { integer, parse } from './arguments.js'

export const demoHelp = `landbridge demo: a model that learnt Seattle's weather, carried to New York

  landbridge demo [--seeds N] [--report FILE.html] [--json FILE]

Forecasts the daily maximum temperature a week ahead (data: vega-datasets, 2012–2015).
`

const options = {
  seeds: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

function weatherFile(): string {
  try {
    let folder = dirname(fileURLToPath(import.meta.resolve('vega-datasets')))
    while (!existsSync(join(folder, 'data', 'weather.csv')) && dirname(folder) !== folder) folder = dirname(folder)
    return join(folder, 'data', 'weather.csv')
  } catch {
    throw new MissingPackageError('vega-datasets', 'the demo')
  }
}

export async function demoCommand(args: string[]): Promise<void> {
  const { values } = parse(args, options)
  if (values.help) return void process.stdout.write(demoHelp)
  const file = weatherFile()
  const report = values.report ?? 'demo-report.html'
  process.stderr.write(
    'landbridge adapt --source weather.csv --target weather.csv --source-where location=Seattle ' +
      '--target-where "location=New York" --predict temp_max --exclude location --history 14 --horizon 7 --max-gap 2 --target-labels 180d\n',
  )
  await runAdapt(
    {
      source: [file],
      target: file,
      sourceWhere: ['location=Seattle'],
      targetWhere: ['location=New York'],
      predict: 'temp_max',
      exclude: ['location'],
      history: 14,
      horizon: 7,
      methods: adaptMethods,
      seeds: integer('seeds', values.seeds, 5),
      maxGap: 2,
      epochs: 30,
      targetLabels: { milliseconds: 180 * DAY, text: '180d' },
    },
    { report, json: values.json },
  )
}
