import { describe, expect, it } from 'vitest'
import { joinWindows, requireWindows, windows, type WindowOptions } from '../../src/data/index.js'
import { ArgumentError, DataError } from '../../src/engine/errors.js'
import { range } from './support.js'

const LENGTH = 90
const FEATURES = 3

/** Values with holes, the same for the same seed. */
function holes(count: number, seed: number, share: number): Float64Array {
  let state = seed
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  return Float64Array.from({ length: count }, () => (next() < share ? NaN : next() * 10))
}

const base: WindowOptions = {
  values: holes(LENGTH * FEATURES, 1, 0.15),
  features: FEATURES,
  target: holes(LENGTH, 2, 0.1),
  history: 4,
  horizon: 3,
}

interface Naive {
  x: number[]
  y: number[]
  origin: number
  lead: number
}

/** Window by window, straight from the definition. */
function naiveWindows({ values, features, target, history, horizon, ...rest }: WindowOptions): Naive[] {
  const { from = 0, to = target.length, maxGap = 6, stride = 1, keep = () => true } = rest
  const lookup = (row: number, feature: number): number => {
    for (let age = 0; age <= maxGap && row - age >= from; age++) {
      const value = values[(row - age) * features + feature] ?? NaN
      if (!Number.isNaN(value)) return Math.fround(value)
    }
    return NaN
  }
  const found: Naive[] = []
  for (let first = from; first + history + horizon <= to; first += stride) {
    const origin = first + history - 1
    const x = range(history).flatMap((step) => range(features).map((feature) => lookup(first + step, feature)))
    const labels = range(horizon).map((k) => target[origin + 1 + k] ?? NaN)
    const all = [...x, ...labels, target[origin] ?? NaN]
    if (all.every((value) => !Number.isNaN(value)) && keep(origin))
      found.push({ x, y: labels.map(Math.fround), origin: target[origin] ?? NaN, lead: origin + 1 })
  }
  return found
}

function builtWindows(options: WindowOptions): Naive[] {
  const set = windows(options)
  const { x, y, origin, lead } = set.batch()
  const width = set.history * set.features
  return range(set.count).map((n) => ({
    x: [...x.subarray(n * width, (n + 1) * width)],
    y: [...y.subarray(n * set.horizon, (n + 1) * set.horizon)],
    origin: origin[n] ?? NaN,
    lead: lead[n] ?? NaN,
  }))
}

describe('windows', () => {
  it.each([
    {},
    { maxGap: 0 },
    { maxGap: 1 },
    { from: 17, to: 61 },
    { from: 17, to: 61, stride: 3, maxGap: 2 },
    { history: 1, horizon: 1 },
    { values: Float32Array.from(base.values) },
    { keep: (origin: number) => origin % 2 === 0 },
  ])('agree with their definition %#', (options) => {
    const expected = naiveWindows({ ...base, ...options })
    expect(expected.length).toBeGreaterThan(3)
    expect(builtWindows({ ...base, ...options })).toEqual(expected)
  })

  it('fill inputs forward over maxGap steps and no further, never backward', () => {
    const values = Float64Array.of(NaN, 1, NaN, NaN, NaN, 5, 6, 7, 8)
    const target = Float64Array.from(range(9))
    const inputs = (maxGap: number): number[][] =>
      builtWindows({ values, features: 1, target, history: 2, horizon: 1, maxGap }).map(({ x }) => x)
    expect(inputs(0)).toEqual([
      [5, 6],
      [6, 7],
    ])
    expect(inputs(1)).toEqual([
      [1, 1],
      [5, 6],
      [6, 7],
    ])
    expect(inputs(3)).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 5],
      [5, 6],
      [6, 7],
    ])
  })

  it('fill neither labels nor origins', () => {
    const target = Float64Array.of(0, 1, 2, NaN, 4, 5, 6, 7)
    const set = windows({ values: new Float32Array(8), features: 1, target, history: 1, horizon: 2 })
    expect([...set.batch().lead]).toEqual([1, 5, 6])
    expect(set.dropped).toEqual({ inputs: 0, labels: 3, refused: 0 })
  })

  it('give the batch that is asked for', () => {
    const all = builtWindows(base)
    const { x, y, origin, lead } = windows(base).batch([5, 0, 5])
    expect([...x.subarray(0, 12)]).toEqual(all[5]?.x)
    expect([...x.subarray(12, 24)]).toEqual(all[0]?.x)
    expect([...y.subarray(6)]).toEqual(all[5]?.y)
    expect([...origin]).toEqual([5, 0, 5].map((n) => all[n]?.origin))
    expect([...lead]).toEqual([5, 0, 5].map((n) => all[n]?.lead))
    expect(() => windows(base).batch([all.length])).toThrow(ArgumentError)
    expect(() => windows(base).batch([0.5])).toThrow(ArgumentError)
  })

  it('join', () => {
    const sets = [windows({ ...base, to: 40 }), windows({ ...base, from: 40 })]
    const joined = joinWindows(sets)
    const batches = sets.map((set) => set.batch())
    const whole = joined.batch()
    for (const key of ['x', 'y', 'origin', 'lead'] as const)
      expect([...whole[key]]).toEqual(batches.flatMap((batch) => [...batch[key]]))
    expect([...whole.part]).toEqual(sets.flatMap((set, i) => range(set.count).map(() => i)))
    expect([...joined.batch([joined.count - 1, 0]).part]).toEqual([1, 0])
    expect(() => joinWindows([windows(base), windows({ ...base, history: 5 })])).toThrow(ArgumentError)
  })

  it('say why there are none', () => {
    expect(() => requireWindows(windows({ ...base, to: 6 }), 'source train')).toThrow(
      'source train: expected at least one window of 4 + 3 steps, found none: it has too few rows',
    )
    const empty = windows({ ...base, target: base.target.map(() => NaN) })
    expect(() => requireWindows(empty, 'target test')).toThrow(DataError)
    expect(() => requireWindows(empty, 'target test')).toThrow(`of ${LENGTH - 6} possible ones`)
    expect(requireWindows(windows(base), 'all').count).toBeGreaterThan(0)
  })

  it.each([
    { history: 0 },
    { horizon: 1.5 },
    { to: LENGTH + 1 },
    { from: 5, to: 4 },
    { maxGap: -1 },
    { stride: NaN },
    { features: 4 },
  ])('refuse %o', (options) => expect(() => windows({ ...base, ...options })).toThrow(ArgumentError))
})

describe('what a part cannot see', () => {
  const [from, to] = [20, 60]
  const outside = (row: number): boolean => row < from || row >= to

  it.each([
    ['other values', (value: number) => value * 3 + 1],
    ['missing values', () => NaN],
    ['values where there were none', (value: number) => (Number.isNaN(value) ? 1e6 : value)],
  ])('%s outside of it', (_, change) => {
    const before = builtWindows({ ...base, from, to })
    const values = base.values.map((value, i) => (outside(Math.floor(i / FEATURES)) ? change(value) : value))
    const target = base.target.map((value, row) => (outside(row) ? change(value) : value))
    expect(before.length).toBeGreaterThan(3)
    expect(builtWindows({ ...base, values, target, from, to })).toEqual(before)
  })

  it('its own values are seen (so that the test above can fail)', () => {
    const target = base.target.map((value, row) => (row === to - 1 ? 77 : value))
    expect(builtWindows({ ...base, target, from, to })).not.toEqual(builtWindows({ ...base, from, to }))
  })
})
