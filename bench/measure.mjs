// Times contestants in alternating short rounds of benchmark.js, so that a neighbour on this machine slows all alike.
import Benchmark from 'benchmark'

const ROUNDS = 3
const SECONDS = 0.25

/** Seconds per call, one sample per cycle of benchmark.js. */
function samples(name, f) {
  const suite = new Benchmark(name, f, { maxTime: SECONDS, minSamples: 3, minTime: 0.02 })
  suite.run({ async: false })
  if (suite.error) throw suite.error
  return suite.stats.sample
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

/** contestants: name → function that computes and waits. Gives name → { median, low, high } in milliseconds. */
export function race(row, contestants) {
  const all = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, f] of Object.entries(contestants)) all[name].push(...samples(`${row} ${name}`, f))
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, seconds]) => {
      const sorted = seconds.map((s) => s * 1000).sort((a, b) => a - b)
      return [name, { median: quantile(sorted, 0.5), low: quantile(sorted, 0.1), high: quantile(sorted, 0.9) }]
    }),
  )
}

/** Largest difference of two results, relative to the largest magnitude. */
export function difference(actual, expected) {
  if (actual.length !== expected.length) return Infinity
  let [worst, scale] = [0, 1e-30]
  for (let i = 0; i < expected.length; i++) {
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]))
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return worst / scale
}
