// The tables of a device run.
import { milliseconds, percent, ratio } from '../report/format.mjs'
import { ratiosOf, sidesOf, targetsOf } from './summary.mjs'

const table = (head, body) =>
  [head, head.map((_, i) => (i === 0 ? ':--' : '--:')), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const header = ({ machine, landbridge, torch, rehearsal, quick }) => `# The device benchmark

Written by \`bench/device.mjs\`${quick ? ' with --quick' : ''}; bench/README.md says how it measures.
${rehearsal ? '\n**A rehearsal on tiny sizes: the times mean nothing.**\n' : ''}
- ${machine.date}, commit ${machine.commit}
- landbridge ${machine.version} on ${landbridge.version}; times by ${landbridge.measures}
- PyTorch: ${torch.version ?? `absent: ${torch.absent}`}
`

const range = ({ low, high }) => `${milliseconds(low)}–${milliseconds(high)}`
const shown = (entry) => (entry === undefined ? '–' : `${milliseconds(entry.ms)} (${range(entry)})`)
const format = ({ library }) => (library === 'torch_channels_last' ? ' NHWC' : '')

function line(row, precision) {
  const { own, libraries, eager, compiled } = sidesOf(row, precision)
  const ratios = ratiosOf(row, precision)
  const peer = eager === undefined ? '–' : `${shown(eager)}${format(eager)}`
  const others = [shown(libraries), peer, shown(compiled)]
  const compared = [ratio(ratios.own), ratio(ratios.libraries), ratio(ratios.compiled)]
  return [row.name, shown(own), percent(own?.fraction), ...others, ...compared]
}

function precisionTable(rows, precision) {
  const body = rows.filter(({ entries }) => entries.some((each) => each.precision === precision && each.ms))
  if (body.length === 0) return ''
  const times = ['row', 'own kernels, ms (10–90 %)', 'of the roofline', 'libraries', 'PyTorch eager', 'torch.compile']
  const head = [...times, 'eager / own', 'eager / libraries', 'compiled / own']
  return `## ${precision}

${table(
  head,
  body.map((row) => line(row, precision)),
)}
`
}

function targetTable(rows, precisions) {
  const body = targetsOf(rows, precisions).map(({ name, precision, least, worst, mean, rows: count, met }) => [
    `${name}, ${precision}`,
    ratio(least),
    ratio(worst),
    ratio(mean),
    count,
    met ? 'met' : 'missed',
  ])
  if (body.length === 0) return ''
  return `## Targets: PyTorch's time divided by landbridge's

${table(['', 'at least', 'worst row', 'geometric mean', 'rows', ''], body)}
`
}

function limitTable(rows) {
  const of = (kind) => rows.map(({ limits }) => limits[kind]).filter((each) => each !== undefined).sort((a, b) => a - b) // prettier-ignore
  const kinds = { copy: 'copy, GB/s', float32: 'float32, GFLOP/s', tf32: 'TF32 mma.sync, GFLOP/s', bfloat16: 'bfloat16 mma.sync, GFLOP/s' } // prettier-ignore
  const body = Object.entries(kinds).flatMap(([kind, label]) => {
    const values = of(kind)
    if (values.length === 0) return []
    return [[label, values[0].toFixed(0), values[values.length >> 1].toFixed(0), values.at(-1).toFixed(0)]]
  })
  if (body.length === 0) return ''
  return `## The device's limits, measured beside every row

${table(['', 'least', 'median', 'most'], body)}
`
}

function absences(rows) {
  const lines = rows.flatMap(
    ({ name, entries }) =>
    entries.filter((each) => each.absent).map(({ id, absent, failed }) => `- ${failed ? '**FAILED** ' : ''}${name}: ${id}: ${absent}`), // prettier-ignore
  )
  return lines.length === 0 ? '' : `## Who did not take part\n\n${lines.join('\n')}\n`
}

export function toMarkdown(report) {
  const { rows, precisions, left } = report
  return [
    header(report),
    targetTable(rows, precisions),
    ...precisions.map((each) => precisionTable(rows, each)),
    limitTable(rows),
    absences(rows),
    left.length > 0 ? `Not run, for lack of time: ${left.join('; ')}.\n` : '',
  ]
    .filter(Boolean)
    .join('\n')
}
