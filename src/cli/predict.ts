import { formatTime } from '../data/time.js'
import { predictFromFile } from '../transfer/adapt/index.js'
import { parse, required, UsageError } from './arguments.js'

export const predictHelp = `landbridge predict: forecast what follows the last rows of a table

  landbridge predict MODEL --input B.csv.gz [--time …] [--where …] [--derive …] [--json]

MODEL is what "landbridge adapt --save MODEL" wrote. Prints one line per step ahead: time, forecast.
`

const options = {
  input: { type: 'string' },
  time: { type: 'string' },
  where: { type: 'string', multiple: true },
  derive: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export async function predictCommand(args: string[]): Promise<void> {
  const { values, positionals } = parse(args, options, ['model'])
  if (values.help) return void process.stdout.write(predictHelp)
  const [model] = positionals
  if (model === undefined) throw new UsageError('expected a model file, received none')
  const input = required('input', values.input)
  const forecast = await predictFromFile(model, {
    input,
    time: values.time,
    where: values.where,
    derive: values.derive,
  })
  const steps = forecast.times.map((time, i) => ({ time: formatTime(time), value: forecast.values[i] as number }))
  if (values.json) {
    const origin = formatTime(forecast.origin)
    return void process.stdout.write(`${JSON.stringify({ predict: forecast.predict, origin, steps }, null, 2)}\n`)
  }
  const lines = steps.map(({ time, value }) => `${time},${value.toPrecision(6)}`)
  process.stdout.write(`time,${forecast.predict}\n${lines.join('\n')}\n`)
}
