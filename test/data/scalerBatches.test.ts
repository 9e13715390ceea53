import { describe, expect, it } from 'vitest'
import { applyScaler, batches, BatchOrder, fitScaler, type BatchState } from '../../src/data/index.js'
import { ArgumentError } from '../../src/engine/errors.js'
import { range } from './support.js'

describe('fitScaler', () => {
  const values = Float64Array.of(1, 5, NaN, 1e6, 3, 5, NaN, 1e6 + 2, NaN, 5, NaN, NaN, 100, 7, 9, 3)

  it('fits the given rows, without missing values', () => {
    const scaler = fitScaler([{ values, to: 3 }], 4)
    expect(scaler.mean).toEqual([2, 5, 0, 1e6 + 1])
    expect(scaler.scale).toEqual([1, 1, 1, 1])
    const all = fitScaler([{ values }], 4)
    expect(all.mean[0]).toBeCloseTo(104 / 3, 12)
    expect(all.scale[1]).toBeCloseTo(Math.sqrt(0.75), 12)
    expect(
      fitScaler(
        [
          { values, from: 0, to: 1 },
          { values, from: 3 },
        ],
        4,
      ).mean,
    ).toEqual([50.5, 6, 9, 500001.5])
  })

  it('keeps precision at a large mean', () => {
    const far = Float64Array.from(range(1000), (i) => 1e9 + Math.sin(i))
    const near = Float64Array.from(range(1000), (i) => Math.sin(i))
    expect(fitScaler([{ values: far }], 1).scale[0]).toBeCloseTo(fitScaler([{ values: near }], 1).scale[0] ?? NaN, 6)
  })

  it('scales, keeps NaN and survives JSON', () => {
    const scaler = fitScaler([{ values }], 4)
    const copy = JSON.parse(JSON.stringify(scaler)) as typeof scaler
    const scaled = applyScaler(values, copy)
    expect(scaled[0]).toBeCloseTo((1 - (scaler.mean[0] ?? NaN)) / (scaler.scale[0] ?? NaN), 6)
    expect([scaled[2], scaled[8]]).toEqual([NaN, NaN])
    expect(() => applyScaler(values.subarray(1), scaler)).toThrow(ArgumentError)
    expect(() => fitScaler([{ values }], 0)).toThrow(ArgumentError)
  })
})

describe('batches', () => {
  it('give every sample once per epoch, in an order that differs by epoch and seed', () => {
    const order = batches({ count: 103, batchSize: 10, seed: 7 })
    const [first, second] = [[...order.epoch()], [...order.epoch()]]
    expect(first.map((batch) => batch.length)).toEqual([...range(10).map(() => 10), 3])
    const flat = (list: Int32Array[]): number[] => list.flatMap((batch) => [...batch])
    for (const epoch of [first, second]) expect(flat(epoch).toSorted((a, b) => a - b)).toEqual(range(103))
    expect(flat(first)).not.toEqual(flat(second))
    expect(flat(first)).not.toEqual(flat([...batches({ count: 103, batchSize: 10, seed: 8 }).epoch()]))
    expect(flat(first)).toEqual(flat([...batches({ count: 103, batchSize: 10, seed: 7 }).epoch()]))
  })

  it('goes on from a saved state', () => {
    const order = batches({ count: 25, batchSize: 4, seed: 2 ** 40 + 3 })
    for (let i = 0; i < 9; i++) order.next()
    const saved = JSON.parse(JSON.stringify(order.state)) as BatchState
    expect(saved).toEqual({ seed: 2 ** 40 + 3, epoch: 1, position: 8 })
    const restored = batches({ count: 25, batchSize: 4 }, saved)
    for (let i = 0; i < 12; i++) expect(restored.next()).toEqual(order.next())
  })

  it('leaves out a smaller last batch on request', () => {
    const order = new BatchOrder({ count: 10, batchSize: 4, dropLast: true })
    expect([order.batchesPerEpoch, [...order.epoch()].length]).toEqual([2, 2])
    expect(order.state).toEqual({ seed: 0, epoch: 1, position: 0 })
  })

  it('shuffles uniformly', () => {
    const counts = new Float64Array(24)
    const trials = 24_000
    for (let seed = 0; seed < trials; seed++) {
      const [a = 0, b = 0, c = 0] = batches({ count: 4, batchSize: 4, seed }).next()
      const rank = a * 6 + (b - (b > a ? 1 : 0)) * 2 + (c > 6 - a - b - c ? 1 : 0)
      counts[rank] = (counts[rank] ?? 0) + 1
    }
    const chi = counts.reduce((sum, count) => sum + (count - trials / 24) ** 2 / (trials / 24), 0)
    expect(chi).toBeLessThan(49.7) // the 99.9 % quantile at 23 degrees of freedom
  })

  it.each([{ count: 0 }, { batchSize: 0 }, { batchSize: 1.5 }, { seed: -1 }, { seed: NaN }])('refuse %o', (options) => {
    expect(() => batches({ count: 10, batchSize: 2, ...options })).toThrow(ArgumentError)
  })

  it('refuse a state that is none', () => {
    for (const state of [{ position: 10 }, { epoch: -1 }, { seed: 0.5 }])
      expect(() => batches({ count: 10, batchSize: 2 }, { seed: 0, epoch: 0, position: 0, ...state })).toThrow(
        ArgumentError,
      )
  })
})
