import { DAY, WEEK } from '../../data/duration.js'
import { ArgumentError, ShapeError } from '../../engine/errors.js'

/** RMSE ratio to the reference: `mean` on the test period itself, `low` and `high` the 95 % interval. Below 1 is better. */
export interface Ratio {
  mean: number
  low: number
  high: number
}

export interface BootstrapOptions {
  /** Default 1,000. */
  resamples?: number
  /** Default 0. The same seed draws the same weeks for every method, so that their intervals can be compared. */
  seed?: number
}

/**
 * Paired RMSE ratio of a method to a reference, with a percentile interval from a block bootstrap: whole calendar weeks
 * (Monday to Sunday, UTC) of the test period are drawn with replacement, because errors of neighbouring hours are far
 * from independent (Künsch 1989). Both methods are scored on the same drawn weeks.
 *
 * @param method [n] squared errors at the final lead, averaged over seeds
 * @param reference [n] those of the reference on the same windows
 * @param labelTimes [n] epoch milliseconds of the final lead's label
 * @returns undefined when the test period touches fewer than two weeks: there is nothing to resample
 */
export function pairedRatio(
  method: ArrayLike<number>,
  reference: ArrayLike<number>,
  labelTimes: ArrayLike<number>,
  { resamples = 1000, seed = 0 }: BootstrapOptions = {},
): Ratio | undefined {
  if (method.length !== reference.length || method.length !== labelTimes.length) {
    const received = `${method.length}, ${reference.length} and ${labelTimes.length}`
    throw new ShapeError('pairedRatio', 'errors and label times of one length', received)
  }
  if (!(Number.isInteger(resamples) && resamples > 0)) {
    throw new ArgumentError('pairedRatio', 'a positive number of resamples', `${resamples}`)
  }
  const blocks = blockOf(labelTimes)
  if (blocks.count < 2) return undefined
  const ours = blockSums(method, blocks)
  const theirs = blockSums(reference, blocks)
  const ratios = resampledRatios(ours, theirs, resamples, generator(seed)).sort()
  return { mean: ratio(total(ours), total(theirs)), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) }
}

/** Negative transfer: even the interval's lower end says that the method is worse than no transfer. */
export const negativeTransfer = (ratio: Ratio | undefined): boolean => ratio !== undefined && ratio.low > 1

/** Value at a share of sorted values, interpolated linearly between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const [a, b] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!]
  return a === b ? a : a + (position - below) * (b - a)
}

interface Blocks {
  index: Int32Array
  count: number
}

function blockOf(times: ArrayLike<number>): Blocks {
  const seen = new Map<number, number>()
  const index = new Int32Array(times.length)
  for (let i = 0; i < times.length; i++) {
    // 1970-01-01 was a Thursday; three days earlier a week began.
    const number = Math.floor((times[i]! + 3 * DAY) / WEEK)
    if (!seen.has(number)) seen.set(number, seen.size)
    index[i] = seen.get(number)!
  }
  return { index, count: seen.size }
}

function blockSums(values: ArrayLike<number>, { index, count }: Blocks): Float64Array {
  const sums = new Float64Array(count)
  for (let i = 0; i < index.length; i++) sums[index[i]!]! += values[i]!
  return sums
}

function resampledRatios(
  ours: Float64Array,
  theirs: Float64Array,
  resamples: number,
  random: () => number,
): Float64Array {
  const ratios = new Float64Array(resamples)
  for (let r = 0; r < resamples; r++) {
    let [a, b] = [0, 0]
    for (let draw = 0; draw < ours.length; draw++) {
      const block = Math.floor(random() * ours.length)
      a += ours[block]!
      b += theirs[block]!
    }
    ratios[r] = ratio(a, b)
  }
  return ratios
}

/** The window counts cancel: both methods are scored on the same windows. */
const ratio = (ours: number, theirs: number) => (ours === theirs ? 1 : Math.sqrt(ours / theirs))

const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0)

/** mulberry32: 32 bits of state are plenty for choosing weeks, and it needs no tensor engine. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}
