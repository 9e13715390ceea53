import type { AdaptResult, AdaptRow } from '../../src/transfer/protocol/result.js'

const row = (method: string, kind: AdaptRow['kind'], rmse: number, more: Partial<AdaptRow> = {}): AdaptRow => ({
  method,
  kind,
  rmse: { mean: rmse, std: kind === 'baseline' ? 0 : 0.25 },
  mae: { mean: rmse - 10, std: kind === 'baseline' ? 0 : 0.5 },
  seeds: kind === 'baseline' ? 1 : 5,
  leads: { rmse: [rmse - 5, rmse], mae: [rmse - 15, rmse - 10] },
  ...more,
})

/** A small result of `adapt` with one row of every verdict. */
export const sampleResult = (): AdaptResult => ({
  rows: [
    row('persistence', 'baseline', 75, { ratio: { mean: 1.25, low: 1.2, high: 1.3 } }),
    row('seasonal-persistence', 'baseline', 75, { note: 'same as persistence' }),
    row('source-only', 'no-transfer', 60),
    row('coral', 'transfer', 63, { ratio: { mean: 1.05, low: 1.01, high: 1.09 }, negativeTransfer: true }),
    row('mmd', 'transfer', 59.5, { ratio: { mean: 0.99, low: 0.97, high: 1.02 }, negativeTransfer: false }),
    row('finetune', 'transfer', 57, { ratio: { mean: 0.95, low: 0.93, high: 0.97 }, negativeTransfer: false }),
  ],
  settings: {
    source: ['a.csv'],
    target: 'b.csv',
    predict: 'PM2.5',
    unit: 'µg/m³',
    features: ['PM2.5', 'TEMP'],
    history: 24,
    horizon: 2,
    stepMilliseconds: 3_600_000,
    split: {
      source: ['2015-01-01T00:00:00.000Z', '2016-01-01T00:00:00.000Z'],
      target: ['2015-01-01T00:00:00.000Z', '2016-01-01T00:00:00.000Z'],
    },
    windows: {
      source: { train: 900, validation: 300 },
      target: { train: 900, validation: 300 },
      test: 1234,
      removed: 7,
    },
    seeds: [0, 1, 2, 3, 4],
    maxGap: 6,
    device: 'cpu',
    precision: 'float32',
    versions: { landbridge: '0.1.0' },
    date: '2026-01-02T03:04:05.000Z',
  },
  warnings: [],
  columns: [
    { column: 'PM2.5', source: { p5: 1, p50: 2, p95: 3 }, target: { p5: 1, p50: 2, p95: 3 }, disjoint: false },
    { column: 'TEMP', source: { p5: 1, p50: 2, p95: 3 }, target: { p5: 31, p50: 42, p95: 53 }, disjoint: true },
  ],
  sample: {
    times: ['2016-05-01T00:00:00.000Z', '2016-05-01T01:00:00.000Z', '2016-05-01T02:00:00.000Z'],
    truth: [10, null, 12],
    forecasts: [{ method: 'finetune', values: [11, null, 13] }],
  },
  features: [{ method: 'source-only', source: [[0, 1]], target: [[2, 3]], explained: [0.5, 0.25] }],
})
