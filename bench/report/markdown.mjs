// bench/RESULTS.md: written here, never by hand.
import { loadWarning } from './console.mjs'
import { limitOf, machineLine, milliseconds, percent, rateOf, ratio } from './format.mjs'
import { familyMeans } from './summary.mjs'

const table = (head, body) =>
  [head, head.map((_, i) => (i === 0 ? ':--' : '--:')), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const escaped = (text) => String(text).replaceAll('|', '\\|')

function header({ machine, contestants }) {
  const warnings = [loadWarning(machine), ...contestants.map((each) => each.warning)].filter(Boolean)
  return `# Results of the benchmark suite

Written by \`bench/run.mjs\`${machine.quick ? ' with --quick' : ''}; [README.md](README.md) says how it measures.

- ${machine.date}, landbridge ${machine.landbridge}, commit ${machine.commit}
- ${machineLine(machine)}
${contestants
  .filter(({ id }) => id !== 'landbridge')
  .map(({ label, version, absent }) => `- ${label}: ${absent === undefined ? version : `absent: ${absent}`}`)
  .join('\n')}
${warnings.map((each) => `\n**${each}**\n`).join('')}`
}

function means(rows, ids, labels) {
  const shown = (found) => (found === undefined ? '–' : `${ratio(found.mean)} (${found.rows})`)
  const body = familyMeans(rows, ids).map(({ name, rows: count, means: found }) => [
    name,
    count,
    ...['fastest', ...ids].map((id) => shown(found[id])),
  ])
  return `## Geometric means

Time of the peer divided by landbridge's, and the number of rows that the mean is over: a peer counts where it has the
kernel. Above 1, landbridge is faster.

${table(['family', 'rows', 'fastest peer', ...ids.map((id) => labels[id])], body)}
`
}

function detail(rows, ids, labels) {
  const marks = []
  const mark = (text) => {
    if (text && !marks.includes(text)) marks.push(text)
    return text ? `<sup>${marks.indexOf(text) + 1}</sup>` : ''
  }
  const peer = (row, id) => {
    if (row.peers[id] !== undefined)
      return `${milliseconds(row.peers[id])} (${ratio(row.ratios[id])})${mark(row.marks[id])}`
    return `–${mark(row.absent[id])}`
  }
  const own = (row) => (row.ms === undefined ? `absent${mark(row.absent.landbridge)}` : `${milliseconds(row.ms)}${mark(row.mark)}`) // prettier-ignore
  const range = (row) => (row.spread === undefined ? '–' : row.spread.map(milliseconds).join('–'))
  const body = rows.map((row) => [
    escaped(row.name),
    own(row),
    range(row),
    rateOf(row),
    `${percent(row.fraction)} of ${limitOf(row)}`,
    ...ids.map((id) => peer(row, id)),
  ])
  const head = ['row', 'ms', '10–90 %', 'rate', 'of the limit beside it', ...ids.map((id) => labels[id])]
  const notes = marks.map((text, i) => `${i + 1}. ${escaped(text)}`).join('\n')
  return `## Rows

Milliseconds per call: medians, and for peers the ratio to landbridge. A fraction above 100 % of a memory limit means
that the row fits in a cache.

${table(head, body)}

${notes}
`
}

const limits = (rows) => {
  const range = (threads, kind) => {
    const values = rows.map((row) => row.limits[threads][kind]).sort((a, b) => a - b)
    return `${values[0].toFixed(0)}–${values.at(-1).toFixed(0)}, median ${values[values.length >> 1].toFixed(0)}`
  }
  const kinds = { fma: 'FMA, GFLOP/s', read: 'read, GB/s', copy: 'copy, GB/s', triad: 'triad, GB/s' }
  return `## The machine's limits, measured beside every row

${table(
  ['', '1 thread', 'all threads'],
  Object.entries(kinds).map(([kind, label]) => [label, range('one', kind), range('all', kind)]),
)}
`
}

export function toMarkdown(report) {
  const present = report.contestants.filter(({ id, absent }) => absent === undefined && id !== 'landbridge')
  const ids = present.map(({ id }) => id)
  const labels = Object.fromEntries(present.map(({ id, label }) => [id, label]))
  const { rows } = report
  return [header(report), means(rows, ids, labels), limits(rows), detail(rows, ids, labels)].join('\n')
}
