// What follows from the times: ratios, rates, fractions of the machine's limit, geometric means per family.

/** Everything about one row that a report may want. */
export function summarise({ row, times, limits, basis }) {
  const { landbridge, ...others } = times
  const peers = Object.fromEntries(Object.entries(others).filter(([, each]) => each.ms !== undefined))
  const absent = Object.fromEntries(Object.entries(times).filter(([, each]) => each.absent).map(([id, each]) => [id, each.absent])) // prettier-ignore
  const failed = Object.entries(times).filter(([, each]) => each.failed).map(([id]) => id) // prettier-ignore
  const own = landbridge.ms
  const { flop, bytes, formula, limit = 'fma' } = row.work
  const rate = (flop ?? bytes) / 1e6 / own // GFLOP/s or GB/s
  const peak = limits.all[limit]
  return {
    name: row.name,
    family: row.family,
    ms: own,
    spread: landbridge.low === undefined ? undefined : [landbridge.low, landbridge.high],
    mark: landbridge.mark,
    gflops: flop === undefined || own === undefined ? undefined : rate,
    gbs: bytes === undefined || own === undefined ? undefined : rate,
    work: { flop, bytes, formula },
    peak,
    peakKind: limit,
    fraction: own === undefined ? undefined : rate / peak,
    limits,
    peers: Object.fromEntries(Object.entries(peers).map(([id, { ms }]) => [id, ms])),
    peerSpreads: spreadsOf(peers),
    ratios: own === undefined ? {} : Object.fromEntries(Object.entries(peers).map(([id, { ms }]) => [id, ms / own])),
    marks: Object.fromEntries(Object.entries(peers).filter(([, each]) => each.mark).map(([id, each]) => [id, each.mark])), // prettier-ignore
    fastest: fastestOf(peers, own),
    absent,
    failed,
    checked: basis,
    torch: row.torch,
  }
}

const spreadsOf = (peers) =>
  Object.fromEntries(
    Object.entries(peers)
      .filter(([, each]) => each.low !== undefined)
      .map(([id, { low, high }]) => [id, [low, high]]),
  )

function fastestOf(peers, own) {
  const [first] = Object.entries(peers).sort(([, a], [, b]) => a.ms - b.ms)
  return first && { id: first[0], ms: first[1].ms, ratio: own === undefined ? undefined : first[1].ms / own }
}

export const geometricMean = (values) => Math.exp(values.reduce((sum, each) => sum + Math.log(each), 0) / values.length)

const ratiosTo = (rows, id) =>
  rows.map((row) => (id === 'fastest' ? row.fastest?.ratio : row.ratios[id])).filter((ratio) => ratio !== undefined)

/** { mean, rows } of the ratios to one peer; undefined where no row has it. */
function meanOf(rows, id) {
  const ratios = ratiosTo(rows, id)
  return ratios.length === 0 ? undefined : { mean: geometricMean(ratios), rows: ratios.length }
}

/** Sets of families that are judged together. */
const groups = {
  'convolutions and batched matmul': (family) =>
    family.startsWith('convolution') || family.startsWith('batched matmul'),
  'convolution forward and input gradient': (family) => /^convolution (forward|input)/.test(family),
}

/** [name, rows, id → { mean, rows }] per family, then for the groups above. */
export function familyMeans(rows, ids) {
  const families = [...new Set(rows.map(({ family }) => family))]
  const sets = [
    ...families.map((name) => [name, rows.filter(({ family }) => family === name)]),
    ...Object.entries(groups).map(([name, belongs]) => [name, rows.filter(({ family }) => belongs(family))]),
    ['all rows', rows],
  ]
  return sets
    .filter(([, members]) => members.length > 0)
    .map(([name, members]) => ({
      name,
      rows: members.length,
      means: Object.fromEntries(['fastest', ...ids].map((id) => [id, meanOf(members, id)])),
    }))
}
