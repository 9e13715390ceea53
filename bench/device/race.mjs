// One row on the device: every contestant is checked, then all are timed in turns, with the device's limits beside them.
import { Absent, reasonOf } from '../absent.mjs'
import { Judge } from '../check.mjs'
import { spread } from '../spread.mjs'
import { makeInputs, sizeOf } from '../values.mjs'
import { reducedOf } from './rows.mjs'

/** Calls are timed in groups of about so many milliseconds, so that the gap before the first one does not count. */
const MOST_CALLS = 200
const LONG_MS = 200

const order = ['float32', 'tf32', 'bfloat16']
const inOrder = (contestants) =>
  contestants.toSorted((a, b) => order.indexOf(a.precision) - order.indexOf(b.precision) || isOwn(a) - isOwn(b))
const isOwn = ({ library }) => (library === 'landbridge' || library === 'libraries' ? 1 : 0)

const described = ({ id, library, label, precision }) => ({ id, library, label, precision })

/** Opens, computes once and checks; without an `opened` in what it gives, the contestant does not take part. */
async function enter(contestant, row, inputs, judge) {
  const entry = described(contestant)
  let opened
  try {
    opened = await contestant.open(row, inputs)
    const { parts } = await opened.result()
    const error = judge.check(entry.id, parts, reducedOf(row, entry.precision))
    const { ms } = await opened.time(1, 2) // the first call is often a cold one
    return { ...entry, opened, error, firstMs: Math.min(...ms), elements: parts.reduce((sum, { length }) => sum + length, 0) } // prettier-ignore
  } catch (error) {
    await opened?.close().catch(() => undefined)
    const reason = reasonOf(error)
    return { ...entry, absent: reason, failed: reason.startsWith('wrong') || (isOwn(contestant) === 1 && !(error instanceof Absent)) } // prettier-ignore
  }
}

async function sampleInto(entry, { groupMs, samples }, warm) {
  const repeat = Math.min(MOST_CALLS, Math.max(1, Math.ceil(groupMs / Math.max(entry.firstMs, 1e-4))))
  if (warm) await entry.opened.time(repeat, 1)
  const { ms } = await entry.opened.time(repeat, entry.firstMs > LONG_MS ? 1 : samples)
  entry.samples = [...(entry.samples ?? []), ...ms]
}

/** Short rounds, in turns; the limits of the device are measured in each. */
async function race(entries, limits, settings) {
  const measured = []
  for (let round = 0; round < settings.rounds; round++) {
    measured.push(await limits())
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(i + round) % entries.length]
      if (entry.absent || (round > 1 && entry.firstMs > LONG_MS)) continue
      try {
        await sampleInto(entry, settings, round === 0)
      } catch (error) {
        Object.assign(entry, { absent: reasonOf(error), failed: true })
      }
    }
  }
  return measured.filter(Boolean)
}

const medians = (measured) =>
  Object.fromEntries(
    Object.keys(measured[0] ?? {}).map((kind) => [kind, spread(measured.map((each) => each[kind])).median]),
  )

/** No call is shorter than its operations at the device's rate, nor than its bytes at the bandwidth of a copy. */
function floorOf(row, limits, precision, elements) {
  if (limits.copy === undefined) return undefined
  const { flop, bytes = row.steps ? 0 : bytesOf(row, elements) } = row.work
  return Math.max((flop ?? 0) / limits[precision], bytes / limits.copy) / 1e6
}

const bytesOf = ({ inputs }, elements) =>
  4 * (elements + Object.values(inputs).reduce((sum, { shape }) => sum + sizeOf(shape), 0))

function finished(entry, row, limits) {
  const { samples, firstMs, elements, ...rest } = { ...entry, opened: undefined }
  if (rest.absent !== undefined) return rest
  const { median, low, high, samples: count } = spread(samples ?? [firstMs])
  const floor = floorOf(row, limits, rest.precision, elements)
  return { ...rest, ms: median, low, high, samples: count, fraction: floor === undefined ? undefined : floor / median }
}

/**
 * Runs one row.
 *
 * @param limits measures what the device can do
 * @param settings { rounds, groupMs, samples }; no rounds: everything is checked and timed once
 */
export async function runRow(row, contestants, limits, settings) {
  const inputs = makeInputs(row.inputs)
  const judge = new Judge(row, inputs)
  const wanted = contestants.filter((each) => row.precisions.includes(each.precision) && each.enters(row))
  const entries = []
  for (const each of inOrder(wanted)) entries.push(await enter(each, row, inputs, judge))
  const running = entries.filter(({ opened }) => opened !== undefined)
  const found = medians(await race(running, limits, settings))
  for (const { opened } of running) await opened.close().catch(() => undefined)
  const { name, family, work, torch } = row
  return { name, family, work, limits: found, checked: judge.basis, entries: entries.map((each) => finished(each, row, found)), torch } // prettier-ignore
}
