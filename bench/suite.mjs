// One row: every contestant that can is checked, then all are timed in turns, with the machine's limits beside them.
import { Absent, reasonOf } from './absent.mjs'
import { Judge } from './check.mjs'
import { repeatsFor, samples } from './measure.mjs'
import { spread } from './spread.mjs'
import { makeInputs } from './values.mjs'

/** Above this a contestant runs once, with a batch of one where the row has a batch. */
const ONCE_MS = 2000

/** A first call below this is made again before it counts as slow: it was a cold one. */
const COLD_MS = 4 * ONCE_MS

/** PyTorch first: where a row has no reference in double precision, the first that passes is what others must equal. */
const checkOrder = ['torch', 'torch_channels_last', 'onnxruntime', 'landbridge', 'tfjs_node', 'tfjs_wasm', 'tfjs_cpu']

function requirePresent(row, { id, absent, images }) {
  if (absent !== undefined) throw new Absent('') // said once, at the head of the reports
  if (row.absent?.[id] !== undefined) throw new Absent(row.absent[id])
  if (images && !row.images) throw new Absent('')
}

/** Opens, computes once and checks; the caller closes what it gets. */
async function proven(contestant, row, inputs, judge) {
  const opened = await contestant.open(row, inputs)
  try {
    const { parts, ms } = await opened.result()
    judge.check(contestant.id, parts)
    return { opened, ms }
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** One call with a batch of one, checked like the others; its milliseconds count for the whole batch. */
async function onceAtBatchOne(contestant, row, trusted) {
  const single = row.single()
  const inputs = makeInputs(single.inputs)
  const judge = new Judge(single, inputs)
  if (single.reference === undefined && trusted) (await proven(trusted, single, inputs, judge)).opened.close()
  const { opened, ms: cold } = await proven(contestant, single, inputs, judge)
  const ms = cold < COLD_MS ? await timed(opened) : cold
  await opened.close()
  return { ms: ms * row.batch, mark: `once, at batch 1: ${ms.toPrecision(3)} ms, times ${row.batch}` }
}

/** Milliseconds of one call. */
async function timed(opened) {
  const started = performance.now()
  await opened.run(1)
  return performance.now() - started
}

async function enter(contestant, row, inputs, judge, trusted) {
  if (contestant.slow && row.single !== undefined) {
    const once = await onceAtBatchOne(contestant, row, trusted)
    if (once.ms > ONCE_MS) return once
  }
  const { opened, ms: cold } = await proven(contestant, row, inputs, judge)
  const ms = cold > ONCE_MS && cold < COLD_MS ? await timed(opened) : cold
  if (ms <= ONCE_MS) {
    if (!row.large) return { opened, firstMs: ms }
    await opened.close()
    return { firstMs: ms, reopen: () => contestant.open(row, inputs) }
  }
  await opened.close()
  if (row.single !== undefined) return onceAtBatchOne(contestant, row, trusted)
  return { ms, mark: 'once: slower than 2 s' }
}

async function enterAll(row, contestants, inputs, judge) {
  const entries = []
  const order = contestants.toSorted((a, b) => checkOrder.indexOf(a.id) - checkOrder.indexOf(b.id))
  let trusted
  for (const contestant of order) {
    const { id } = contestant
    try {
      requirePresent(row, contestant)
      entries.push({ id, ...(await enter(contestant, row, inputs, judge, trusted)) })
      trusted ??= contestant
    } catch (error) {
      const reason = reasonOf(error)
      const failed = reason.startsWith('wrong') || (id === 'landbridge' && !(error instanceof Absent))
      entries.push({ id, absent: reason, failed })
    }
  }
  return entries
}

/** One round of one contestant. */
async function sampleInto(entry, row, seconds) {
  const started = performance.now()
  const opened = entry.opened ?? (await entry.reopen())
  entry.repeat ??= await repeatsFor(opened, entry.firstMs)
  const found = await samples(`${row.name} ${entry.id}`, opened, entry.repeat, seconds)
  entry.samples = [...(entry.samples ?? []), ...found]
  entry.spent = (entry.spent ?? 0) + (performance.now() - started) / 1000
  if (entry.opened === undefined) await opened.close()
}

/** Short rounds, in turns; the limits of the machine are measured in each. */
async function race(row, entries, probe, { rounds, seconds, budget }) {
  const running = entries.filter((each) => each.firstMs !== undefined)
  const limits = rounds === 0 ? [probe.measure()] : []
  for (let round = 0; round < rounds; round++) {
    limits.push(probe.measure())
    for (let i = 0; i < running.length; i++) {
      const entry = running[(i + round) % running.length]
      if (entry.spent > budget || entry.absent) continue // slow, and sampled in the rounds before; or failed there
      try {
        await sampleInto(entry, row, seconds)
      } catch (error) {
        Object.assign(entry, { absent: reasonOf(error), failed: true })
      }
    }
  }
  for (const each of running) await each.opened?.close()
  return limits
}

const median = (values) => spread(values).median

/** The limits beside this row, over its rounds. */
const limitsOf = (measured) =>
  Object.fromEntries(
    ['one', 'all'].map((threads) => [
      threads,
      Object.fromEntries(
        ['fma', 'read', 'copy', 'triad'].map((kind) => [kind, median(measured.map((each) => each[threads][kind]))]),
      ),
    ]),
  )

/** The times of one contestant: { ms, low, high, samples } or { ms, mark } or { absent }. */
function timesOf({ samples: found, firstMs, ms, mark, absent, failed }) {
  if (absent !== undefined) return { absent, failed }
  if (found === undefined) return { ms: ms ?? firstMs, mark: mark ?? 'first call' }
  const { median: middle, low, high, samples: count } = spread(found)
  return { ms: middle, low, high, samples: count }
}

/** Runs one row; see `rows/` for what a row is. */
export async function runRow(row, contestants, probe, settings) {
  const inputs = makeInputs(row.inputs)
  const judge = new Judge(row, inputs)
  const entries = await enterAll(row, contestants, inputs, judge)
  const limits = limitsOf(await race(row, entries, probe, settings))
  const times = Object.fromEntries(entries.map((entry) => [entry.id, timesOf(entry)]))
  return { row, times, limits, basis: judge.basis }
}
