// Times one contestant for a short while with benchmark.js; the suite calls this again and again, in turns.
import { setTimeout as sleep } from 'node:timers/promises'
import Benchmark from 'benchmark'

/** A call of a contestant that is shorter than this is repeated inside the timed function. */
const GROUP_MS = 5
/** Threads of other contestants spin for a while after their last call. */
const PAUSE_MS = 40
/** Untimed calls before the first round of a contestant whose call is short. */
const WARM_MS = 400

/** JavaScript around small kernels is several times slower until it has been compiled. */
async function warmUp(calls) {
  for (const end = performance.now() + WARM_MS; performance.now() < end;) await calls(10)
}

/** How many calls take GROUP_MS; the quicker of two tries counts, since a neighbour only ever slows one down. */
export async function repeatsFor({ run: calls }, firstMs) {
  if (firstMs > 10 * GROUP_MS) return 1
  const timed = async (repeat) => {
    const started = performance.now()
    await calls(repeat)
    return performance.now() - started
  }
  if (Math.min(await timed(1), await timed(1)) < GROUP_MS) await warmUp(calls)
  for (let repeat = 1; ;) {
    const ms = Math.min(await timed(repeat), await timed(repeat))
    if (ms >= GROUP_MS || repeat >= 10_000) return repeat
    repeat = Math.ceil(repeat * Math.min(20, Math.max(1.2, GROUP_MS / Math.max(ms, 1e-3))))
  }
}

function run(benchmark) {
  return new Promise((resolve, reject) => {
    benchmark.on('complete', () => (benchmark.error ? reject(benchmark.error) : resolve(benchmark.stats.sample)))
    benchmark.run({ async: false })
  })
}

/**
 * Samples of the milliseconds of one call; each is the mean over one cycle of benchmark.js.
 *
 * @param run computes `repeat` times and waits; a promise where the contestant cannot do otherwise
 */
export async function samples(name, { run: calls, asynchronous }, repeat, seconds) {
  await sleep(PAUSE_MS)
  const options = { maxTime: seconds, minSamples: 2, minTime: Math.min(0.02, seconds / 4) }
  const fn = asynchronous
    ? (deferred) => void calls(repeat).then(() => deferred.resolve(), (error) => deferred.benchmark.abort(error)) // prettier-ignore
    : () => calls(repeat)
  const timed = await run(new Benchmark(name, fn, { ...options, defer: Boolean(asynchronous) }))
  return timed.map((each) => (each * 1000) / repeat)
}
