import { ShapeError } from '../../engine/errors.js'

/** 1 for each window that a forecast (or the truth) covers at every lead, 0 where a raw value it needs is missing. */
export function scorable(forecast: ArrayLike<number>, horizon: number): Uint8Array {
  if (forecast.length % horizon !== 0) throw new ShapeError('scorable', `n × ${horizon} values`, `${forecast.length}`)
  const mask = new Uint8Array(forecast.length / horizon).fill(1)
  for (let i = 0; i < forecast.length; i++) if (!Number.isFinite(forecast[i])) mask[Math.floor(i / horizon)] = 0
  return mask
}

export interface CommonWindows {
  /** Indices of the windows that every kept row can score. */
  keep: Int32Array
  /** Rows that would have cost too many windows, and therefore are not scored at all. */
  dropped: string[]
}

/**
 * The windows that all rows score. Nothing is ever filled in for a baseline: a window that one of them cannot score is
 * removed for every row. A row that can score less than `minimumShare` (default 0.5) of the windows is dropped instead,
 * such as seasonal persistence by the year on a series that is hardly longer than a year.
 */
export function commonWindows(
  masks: Readonly<Record<string, Uint8Array>>,
  { minimumShare = 0.5, required = [] }: { minimumShare?: number; required?: readonly string[] } = {},
): CommonWindows {
  const count = Object.values(masks)[0]?.length ?? 0
  const kept = new Uint8Array(count).fill(1)
  const dropped: string[] = []
  for (const [name, mask] of Object.entries(masks)) {
    if (mask.length !== count) throw new ShapeError('commonWindows', `masks of ${count} windows`, `${mask.length}`)
    const share = mask.reduce((sum, bit) => sum + bit, 0) / count
    if (share < minimumShare && !required.includes(name)) dropped.push(name)
    else mask.forEach((bit, i) => (kept[i]! &= bit))
  }
  return { keep: Int32Array.from(kept.keys()).filter((i) => kept[i] === 1), dropped }
}

/** The rows `keep` of a row-major [n, width] array: used to score every row on the same windows. */
export function takeWindows(values: ArrayLike<number>, width: number, keep: Int32Array): Float64Array {
  const out = new Float64Array(keep.length * width)
  keep.forEach((window, i) => {
    for (let j = 0; j < width; j++) out[i * width + j] = values[window * width + j]!
  })
  return out
}
