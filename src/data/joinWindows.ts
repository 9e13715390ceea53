import { ArgumentError } from '../engine/errors.js'
import { checkIndex, emptyBatch, everyIndex, type WindowBatch } from './windowBatch.js'
import type { Windows } from './windows.js'

/** Several sets of windows as one, numbered one after the other. They must agree in history, horizon and features. */
export function joinWindows(sets: readonly Windows[]): Windows {
  const [first] = sets
  if (!first) throw new ArgumentError('joinWindows', 'at least one set of windows', 'none')
  const { history, horizon, features } = first
  if (sets.some((set) => set.history !== history || set.horizon !== horizon || set.features !== features))
    throw new ArgumentError('joinWindows', 'the same history, horizon and features in each set', 'different ones')
  const count = sets.reduce((sum, set) => sum + set.count, 0)
  const total = (key: keyof Windows['dropped']): number => sets.reduce((sum, set) => sum + set.dropped[key], 0)
  const dropped = { inputs: total('inputs'), labels: total('labels'), refused: total('refused') }
  const batch = (indices: ArrayLike<number> = everyIndex(count)): WindowBatch => gatherJoined(indices, sets, first)
  return { count, history, horizon, features, dropped, batch }
}

function gatherJoined(indices: ArrayLike<number>, sets: readonly Windows[], shape: Windows): WindowBatch {
  const starts = sets.map((_, i) => sets.slice(0, i).reduce((sum, set) => sum + set.count, 0))
  const count = sets.reduce((sum, set) => sum + set.count, 0)
  const joined = emptyBatch(indices.length, shape)
  for (let n = 0; n < indices.length; n++) {
    const index = checkIndex(indices[n], count)
    const part = starts.findLastIndex((start) => start <= index)
    const one = sets[part]?.batch([index - (starts[part] ?? 0)])
    if (!one) continue
    joined.x.set(one.x, n * one.x.length)
    joined.y.set(one.y, n * one.y.length)
    joined.origin.set(one.origin, n)
    joined.lead.set(one.lead, n)
    joined.part[n] = part
  }
  return joined
}
