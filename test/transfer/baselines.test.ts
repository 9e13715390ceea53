import { describe, expect, it } from 'vitest'
import {
  climatology,
  commonWindows,
  dampedPersistence,
  fitClimatology,
  fitDampedPersistence,
  labels,
  labelTimes,
  persistence,
  sameAsPersistence,
  scorable,
  seasonalPeriod,
  seasonalPersistence,
  takeWindows,
  type RawWindows,
} from '../../src/transfer/protocol/index.js'

const hour = 3_600_000
const windows = (values: number[], origins: number[], horizon: number, step = hour): RawWindows => ({
  start: Date.UTC(2016, 0, 1),
  step,
  length: values.length,
  values,
  origins,
  horizon,
})
const ramp = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('persistence', () => {
  it('repeats y(t), and leaves a missing one missing', () => {
    expect([...persistence(windows([5, NaN, 7, 8, 9], [0, 1], 2))]).toEqual([5, 5, NaN, NaN])
  })

  it('by the season takes the latest known value of the same phase', () => {
    const forecast = seasonalPersistence(windows(ramp(100), [50], 30), 24)
    const naive = ramp(30).map((i) => {
      let row = 50 + i + 1
      while (row > 50) row -= 24
      return row
    })
    expect([...forecast]).toEqual(naive)
    expect(forecast[23]).toBe(50)
    expect(sameAsPersistence(24, 24)).toBe(true)
    expect(sameAsPersistence(6, 24)).toBe(false)
  })

  it('never looks past t', () => {
    const values = ramp(80).map((i) => (i > 60 ? NaN : i))
    expect([...seasonalPersistence(windows(values, [60], 50), 24)].every(Number.isFinite)).toBe(true)
  })

  it('has a day as the season of steps below a day, a year otherwise', () => {
    expect([hour, 600_000, 24 * hour, 7 * 24 * hour].map(seasonalPeriod)).toEqual([24, 144, 365, 52])
    expect(seasonalPeriod(7 * hour)).toBeUndefined()
    expect(() => seasonalPersistence(windows([1], [0], 1), 1.5)).toThrow(/whole rows/)
  })

  it('damped, recovers the damping of an autoregressive series', () => {
    let state = 7
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
    const values = [0]
    for (let i = 1; i < 20000; i++) values.push(0.8 * values[i - 1]! + random())
    const shifted = windows(values.map((v) => v + 100), ramp(19990), 3) // prettier-ignore
    const fit = fitDampedPersistence([shifted])
    ;[0.8, 0.64, 0.512].forEach((phi, k) => expect(Math.abs(fit.phi[k]! - phi)).toBeLessThan(0.03))
    const [first] = dampedPersistence(fit, windows([fit.mean + 10, 0], [0], 3))
    expect(first).toBeCloseTo(fit.mean + 10 * fit.phi[0]!, 12)
  })

  it('damped, is the least-squares fit over the pairs that are measured', () => {
    const a = windows([1, 4, 2, NaN, 3, 9, 4], [0, 1, 2, 3, 4, 5], 1)
    const b = windows([2, 3], [0], 1)
    const pairs = [[1, 4], [4, 2], [3, 9], [9, 4], [2, 3]] as const // prettier-ignore
    const mean = (1 + 4 + 2 + 3 + 9 + 2) / 6
    const phi =
      pairs.reduce((s, [x, y]) => s + (x - mean) * (y - mean), 0) / pairs.reduce((s, [x]) => s + (x - mean) ** 2, 0)
    const fit = fitDampedPersistence([a, b])
    expect(fit.mean).toBeCloseTo(mean, 12)
    expect(fit.phi[0]).toBeCloseTo(phi, 12)
    expect(() => fitDampedPersistence([windows([NaN, 1], [0], 1)])).toThrow(/measured origins/)
  })
})

describe('climatology', () => {
  const start = Date.UTC(2016, 0, 1)
  const series = { start, step: hour, length: 48, values: ramp(48) }

  it('is the mean by month and hour of the rows it may see, and falls back to the hour and to all', () => {
    const fit = fitClimatology([{ ...series, rows: { from: 0, to: 30 } }])
    const jan = (h: number) => fit.means[h]
    expect(jan(3)).toBe((3 + 27) / 2)
    expect(jan(10)).toBe(10)
    expect(fit.means[6 * 24 + 3]).toBe(15)
    const few = fitClimatology([{ ...series, rows: { from: 0, to: 2 } }])
    expect(few.means[5 * 24 + 13]).toBe(0.5)
  })

  it('forecasts by the time of the label', () => {
    const fit = fitClimatology([{ ...series, rows: { from: 0, to: 48 } }])
    const forecast = climatology(fit, { ...series, start: start + 5 * hour, origins: [0], horizon: 2 })
    expect([...forecast]).toEqual([(6 + 30) / 2, (7 + 31) / 2])
  })

  it('skips missing values and refuses to be fitted on none', () => {
    const missing = { ...series, values: ramp(48).map((i) => (i === 3 ? NaN : i)), rows: { from: 0, to: 48 } }
    expect(fitClimatology([missing]).means[3]).toBe(27)
    expect(() => fitClimatology([{ ...series, rows: { from: 4, to: 4 } }])).toThrow(/measured value/)
  })
})

describe('the windows that all rows score', () => {
  it('are those that no row has to leave out', () => {
    const series = windows([0, NaN, 2, 3, 4, 5], [0, 1, 2, 3], 2)
    const masks = { truth: scorable(labels(series), 2), persistence: scorable(persistence(series), 2) }
    expect([...masks.truth]).toEqual([0, 1, 1, 1])
    expect([...masks.persistence]).toEqual([1, 0, 1, 1])
    const { keep, dropped } = commonWindows(masks)
    expect([[...keep], dropped]).toEqual([[2, 3], []])
    expect([...takeWindows(labels(series), 2, keep)]).toEqual([3, 4, 4, 5])
  })

  it('do not follow a baseline that can score few of them', () => {
    const masks = { a: Uint8Array.of(1, 1, 1, 0), b: Uint8Array.of(1, 0, 0, 0) }
    expect(commonWindows(masks)).toEqual({ keep: Int32Array.of(0, 1, 2), dropped: ['b'] })
    expect(commonWindows(masks, { required: ['b'] })).toEqual({ keep: Int32Array.of(0), dropped: [] })
    expect(() => commonWindows({ a: masks.a, c: Uint8Array.of(1) })).toThrow(/masks of 4 windows/)
  })

  it('have the time of their last label', () => {
    expect([...labelTimes(windows([1, 2, 3], [0], 2))]).toEqual([Date.UTC(2016, 0, 1, 2)])
  })
})
