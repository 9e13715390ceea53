// What follows from the times: who was fastest, ratios to PyTorch at the same precision, and the targets.
import { geometricMean } from '../report/summary.mjs'

const timed = ({ entries }, precision, libraries) =>
  entries.filter((each) => each.ms !== undefined && each.precision === precision && libraries.includes(each.library))

const fastest = (entries) => entries.toSorted((a, b) => a.ms - b.ms)[0]

/** The same computation by landbridge's kernels, by a library's, and by PyTorch's fastest form, at one precision. */
export function sidesOf(row, precision) {
  const [own] = timed(row, precision, ['landbridge'])
  const [libraries] = timed(row, precision, ['libraries'])
  const eager = fastest(timed(row, precision, ['torch', 'torch_channels_last']))
  const [compiled] = timed(row, precision, ['torch_compiled'])
  return { own, libraries, eager, compiled }
}

const ratio = (peer, own) => (peer === undefined || own === undefined ? undefined : peer.ms / own.ms)

/** Times of eager PyTorch divided by landbridge's: above 1, landbridge is faster. */
export function ratiosOf(row, precision) {
  const { own, libraries, eager, compiled } = sidesOf(row, precision)
  return { own: ratio(eager, own), libraries: ratio(eager, libraries), compiled: ratio(compiled, own) }
}

const targets = [
  { name: 'convolution gradients, own kernels', family: /^convolution (input|filter)/, side: 'own', least: 0.5 },
  { name: 'convolution gradients, libraries', family: /^convolution (input|filter)/, side: 'libraries', least: 0.95 },
  { name: 'batched matmul, own kernels', family: /^batched matmul/, side: 'own', least: 0.5 },
  { name: 'batched matmul, libraries', family: /^batched matmul/, side: 'libraries', least: 0.95 },
  { name: 'MMD with both gradients', family: /^MMD/, side: 'own', least: 10 },
  { name: 'CORAL with both gradients', family: /^CORAL/, side: 'own', least: 10 },
  { name: 'DAN training step', row: /^DAN/, side: 'own', least: 1 },
]

/** Per target and precision: the worst row, the geometric mean, and how many rows there were. */
export function targetsOf(rows, precisions) {
  return targets.flatMap(({ name, family, row: wanted, side, least }) =>
    precisions.flatMap((precision) => {
      const found = rows
        .filter((row) => (wanted ?? family).test(wanted ? row.name : row.family))
        .map((row) => ratiosOf(row, precision)[side])
        .filter((each) => each !== undefined)
      if (found.length === 0) return []
      const worst = Math.min(...found)
      return [{ name, precision, least, worst, mean: geometricMean(found), rows: found.length, met: worst >= least }]
    }),
  )
}
