// One page, self-contained: geometric means per family, and for each row a bar per contestant on a logarithmic scale.
import { loadWarning } from './console.mjs'
import { limitOf, machineLine, milliseconds, percent, rateOf, ratio } from './format.mjs'
import { css } from './style.mjs'
import { familyMeans } from './summary.mjs'

const escape = (text) =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const LABEL = 140
const WIDTH = 250
const BAR = 15
const GAP = 6

/** Positions on a logarithmic axis, with ticks at 1, 2, 5 × powers of ten (powers alone where those are many). */
function logAxis(low, high, width) {
  const [from, to] = [Math.log10(low), Math.log10(high)]
  const at = (value) => ((Math.log10(value) - from) / (to - from)) * width
  const decades = Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, i) => 10 ** (Math.floor(from) + i))
  const steps = to - from > 1.7 ? [1] : [1, 2, 5]
  const ticks = decades.flatMap((decade) => steps.map((step) => decade * step))
  return { at, ticks: ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001) }
}

const tickText = (ms) => (ms >= 1000 ? `${ms / 1000} s` : ms >= 1 ? `${ms} ms` : `${+(ms * 1000).toPrecision(3)} µs`)

const gridline = (x, height, text) =>
  `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"/><text class="tick" x="${x}" y="${height + 14}" text-anchor="middle">${text}</text>`

function bars(row, order, labels) {
  const times = order
    .map((id) => ({
      id,
      ms: id === 'landbridge' ? row.ms : row.peers[id],
      spread: id === 'landbridge' ? row.spread : row.peerSpreads[id],
    })) // prettier-ignore
    .filter(({ ms }) => ms !== undefined)
  if (times.length === 0) return ''
  const values = times.flatMap(({ ms, spread }) => [ms, ...(spread ?? []).filter((each) => each !== undefined)])
  const { at, ticks } = logAxis(Math.min(...values) / 2, Math.max(...values) * 1.15, WIDTH)
  const height = times.length * (BAR + GAP)
  const drawn = times.map(({ id, ms, spread }, i) => {
    const y = i * (BAR + GAP) + GAP / 2
    const [low, high] = spread ?? []
    const whisker =
      low === undefined
        ? ''
        : `<line class="whisker" x1="${at(low).toFixed(1)}" x2="${at(high).toFixed(1)}" y1="${y + BAR / 2}" y2="${y + BAR / 2}"/>`
    const mark = id === 'landbridge' ? row.mark : row.marks[id]
    const compared = row.ratios[id] === undefined ? '' : ` · ${ratio(row.ratios[id])}`
    const end = Math.max(at(ms), high === undefined ? 0 : at(high))
    return `<g><title>${escape(`${labels[id]}: ${milliseconds(ms)} ms${mark ? `, ${mark}` : ''}`)}</title>
<text class="name" x="-8" y="${y + BAR - 3}" text-anchor="end">${escape(labels[id])}</text>
<rect class="bar c-${id}" x="0" y="${y}" width="${Math.max(1, at(ms)).toFixed(1)}" height="${BAR}" rx="2"/>${whisker}
<text class="value" x="${(end + 6).toFixed(1)}" y="${y + BAR - 3}">${milliseconds(ms)} ms${compared}${mark ? ' *' : ''}</text></g>`
  })
  const lines = ticks.map((tick) => gridline(at(tick).toFixed(1), height, tickText(tick)))
  return `<svg viewBox="${-LABEL} 0 ${LABEL + WIDTH + 130} ${height + 20}" role="img" aria-label="${escape(row.name)}">${lines.join('')}${drawn.join('')}</svg>`
}

function card(row, order, labels) {
  const peers = Object.values(row.marks).concat(row.mark ?? [])
  const notes = [...new Set(peers)].map((mark) => `* ${mark}`)
  const absent = Object.entries(row.absent)
    .filter(([id, reason]) => reason && labels[id] !== undefined)
    .map(([id, reason]) => `${labels[id]} ${row.failed.includes(id) ? 'failed' : 'absent'}: ${reason}`)
  const source = row.torch ? `<details><summary>PyTorch source, and how results were checked</summary><pre>${escape(row.torch)}</pre><p>Checked against ${escape(row.checked)}. Work: ${escape(row.work.formula)}.</p></details>` : '' // prettier-ignore
  return `<article class="row"><h3>${escape(row.name)}</h3>
<p class="facts"><b>${milliseconds(row.ms)} ms</b> · ${rateOf(row)} · ${percent(row.fraction)} of ${limitOf(row)}</p>
${bars(row, order, labels)}
<p class="notes">${[...notes, ...absent].map(escape).join('<br>')}</p>${source}</article>`
}

/** Geometric means against every peer as dots on one logarithmic axis of ratios; the line is where both are equal. */
function meansPicture(rows, ids, labels) {
  const found = familyMeans(rows, ids).map((each) => ({ ...each, points: ids.map((id) => [id, each.means[id]]).filter(([, mean]) => mean) })) // prettier-ignore
  const families = found.filter(({ points }) => points.length > 0)
  const values = families.flatMap(({ points }) => points.map(([, { mean }]) => mean))
  if (values.length === 0) return ''
  const { at, ticks } = logAxis(Math.min(0.5, ...values) / 1.1, Math.max(2, ...values) * 1.2, 640)
  const [left, step] = [270, 26]
  const height = families.length * step
  const lines = ticks.map((tick) => gridline(at(tick).toFixed(1), height, `${+tick.toPrecision(2)}×`))
  const drawn = families.map(({ name, points, means }, i) => {
    const y = i * step + step / 2
    const dots = points.map(([id, { mean, rows: count }]) => `<circle class="c-${id}" cx="${at(mean).toFixed(1)}" cy="${y}" r="6"><title>${escape(`${name}, ${labels[id]}: ${ratio(mean)} over ${count} rows`)}</title></circle>`) // prettier-ignore
    return `<line class="lane" x1="0" x2="640" y1="${y}" y2="${y}"/><text class="name" x="-10" y="${y + 4}" text-anchor="end">${escape(name)}</text>${dots.join('')}<text class="value" x="652" y="${y + 4}">${ratio(means.fastest?.mean)}</text>`
  })
  return `<svg class="means" viewBox="${-left} -18 ${left + 740} ${height + 38}" role="img" aria-label="Geometric means per family"><text class="tick" x="652" y="-6">fastest peer</text>${lines.join('')}<line class="one" x1="${at(1)}" x2="${at(1)}" y1="0" y2="${height}"/>${drawn.join('')}</svg>` // prettier-ignore
}

const legend = (ids, labels) =>
  `<p class="legend">${ids.map((id) => `<span><i class="swatch c-${id}"></i>${escape(labels[id])}</span>`).join('')}</p>`

function participants(contestants) {
  const item = ({ label, version, absent }) =>
    `<li><b>${escape(label)}</b> ${escape(absent === undefined ? version : `absent: ${absent}`)}</li>`
  return `<ul class="participants">${contestants.map(item).join('')}</ul>`
}

function sections(rows, order, labels) {
  const families = [...new Set(rows.map(({ family }) => family))]
  return families.map((family) => {
    const members = rows.filter((row) => row.family === family)
    return `<section><h2>${escape(family)}</h2><div class="rows">${members.map((row) => card(row, order, labels)).join('')}</div></section>`
  })
}

export function toHtml({ machine, contestants, rows }) {
  const present = contestants.filter(({ absent }) => absent === undefined)
  const labels = Object.fromEntries(contestants.map(({ id, label }) => [id, label]))
  const ids = present.map(({ id }) => id).filter((id) => id !== 'landbridge')
  const order = ['landbridge', ...ids]
  const warnings = [loadWarning(machine), ...contestants.map((each) => each.warning)].filter(Boolean)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>landbridge benchmarks</title><style>${css}</style></head><body><main>
<header><h1>landbridge beside its peers</h1>
<p>${escape(machineLine(machine))}<br>${escape(machine.date)} · landbridge ${escape(machine.landbridge)} · commit ${escape(machine.commit)}${machine.quick ? ' · quick run' : ''}</p>
${warnings.map((each) => `<p class="warning">${escape(each)}</p>`).join('')}${participants(contestants)}</header>
<section><h2>Geometric means per family</h2>
<p>Time of the peer divided by landbridge's, over the rows that the peer has; right of the line landbridge is faster.</p>
${legend(ids, labels)}${meansPicture(rows, ids, labels)}</section>
<section><h2>Every row</h2><p>Milliseconds per call on a logarithmic scale: shorter is faster. Bars are medians, whiskers the tenth to the ninetieth percentile; the ratio is to landbridge.</p>${legend(order, labels)}</section>
${sections(rows, order, labels).join('\n')}
</main></body></html>
`
}
