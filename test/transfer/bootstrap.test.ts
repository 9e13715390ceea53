import { describe, expect, it } from 'vitest'
import {
  finalSquaredErrors,
  forecastErrors,
  meanOverSeeds,
  negativeTransfer,
  pairedRatio,
  quantile,
  spread,
} from '../../src/transfer/protocol/index.js'

const hour = 3_600_000
const monday = Date.UTC(2016, 0, 4)
const hourly = (n: number, start = monday) => Float64Array.from({ length: n }, (_, i) => start + i * hour)
const noisy = (n: number, scale: number) => Float64Array.from({ length: n }, (_, i) => scale * (2 + Math.sin(i * i)))

describe('pairedRatio', () => {
  it('of errors twice as large everywhere is the root of 2, without any width', () => {
    const reference = noisy(2000, 1)
    const ratio = pairedRatio(reference.map((e) => 2 * e), reference, hourly(2000))! // prettier-ignore
    for (const value of [ratio.mean, ratio.low, ratio.high]) expect(value).toBeCloseTo(Math.SQRT2, 12)
    expect(negativeTransfer(ratio)).toBe(true)
  })

  it('gives the same interval for the same seed and another for another', () => {
    const [a, b] = [noisy(3000, 1), noisy(3000, 1.1).reverse()]
    const first = pairedRatio(a, b, hourly(3000))
    expect(pairedRatio(a, b, hourly(3000))).toEqual(first)
    expect(pairedRatio(a, b, hourly(3000), { seed: 1 })).not.toEqual(first)
  })

  it('resamples whole calendar weeks: two weeks can only give three outcomes', () => {
    // Week one: 4 against 1; week two: 1 against 1. Drawn twice: ratio² is 4, 2.5 or 1, with chances ¼, ½, ¼.
    const method = Float64Array.from({ length: 336 }, (_, i) => (i < 168 ? 4 : 1))
    const reference = new Float64Array(336).fill(1)
    const ratio = pairedRatio(method, reference, hourly(336))!
    expect(ratio.mean).toBeCloseTo(Math.sqrt(2.5), 12)
    expect([ratio.low, ratio.high]).toEqual([1, 2])
    expect(negativeTransfer(ratio)).toBe(false)
  })

  it('knows where weeks begin: Sunday night and Monday are two blocks, Monday to Sunday one', () => {
    const two = [1, 2]
    expect(pairedRatio(two, two, [monday - 1, monday])).toBeDefined()
    expect(pairedRatio(two, two, [monday, monday + 7 * 24 * hour - 1])).toBeUndefined()
  })

  it('covers a true ratio about as often as it says', () => {
    // 400 test periods of 30 weeks whose errors vary independently, true ratio 1: 380 ± 4.4 intervals should hold it.
    let state = 4711
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647
    const weeks = Float64Array.from({ length: 30 }, (_, i) => monday + i * 7 * 24 * hour)
    const errors = () => weeks.map(() => 0.5 + random())
    let covered = 0
    for (let trial = 0; trial < 400; trial++) {
      const ratio = pairedRatio(errors(), errors(), weeks, { resamples: 300, seed: trial })!
      if (ratio.low <= 1 && ratio.high >= 1) covered++
    }
    expect(covered).toBeGreaterThan(360)
    expect(covered).toBeLessThan(394)
  })

  it('refuses errors and times of different lengths', () => {
    expect(() => pairedRatio([1], [1, 2], [0, 1])).toThrow(/of one length, received 1, 2 and 2/)
  })
})

describe('metrics', () => {
  // Two windows, horizon 2.
  const truth = [1, 2, 3, 4]
  const forecast = [2, 2, 0, 8]

  it('are per lead, with the final lead singled out', () => {
    const errors = forecastErrors(forecast, truth, 2)
    expect(errors.leads.rmse).toEqual([Math.sqrt((1 + 9) / 2), Math.sqrt((0 + 16) / 2)])
    expect(errors.leads.mae).toEqual([2, 2])
    expect([errors.rmse, errors.mae]).toEqual([errors.leads.rmse[1], 2])
    expect([...finalSquaredErrors(forecast, truth, 2)]).toEqual([0, 16])
  })

  it('average over seeds', () => {
    expect([...meanOverSeeds([[1, 2], [3, 6]])]).toEqual([2, 4]) // prettier-ignore
    expect(spread([1, 2, 3])).toEqual({ mean: 2, std: 1 })
    expect(spread([5])).toEqual({ mean: 5, std: 0 })
  })

  it('refuse shapes that do not fit', () => {
    expect(() => forecastErrors([1, 2, 3], truth, 2)).toThrow(/n × 2 values, received 3 and 4/)
    expect(() => forecastErrors([], [], 2)).toThrow()
    expect(() => meanOverSeeds([[1], [1, 2]])).toThrow()
  })

  it('interpolate quantiles', () => {
    expect(quantile([0, 10, 20], 0.25)).toBe(5)
    expect(quantile([0, 10, 20], 1)).toBe(20)
  })
})
