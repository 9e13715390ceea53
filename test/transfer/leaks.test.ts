/** The protocol lets nothing through: what a row must not see changes no bit of what it learns. */
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { adapt, type AdaptOptions, type AdaptOutcome } from '../../src/transfer/adapt/index.js'
import { bitsOf } from '../support/fit.js'
import { altered, csv, station, type Station } from '../support/stations.js'
import { tempFiles } from '../support/tempFiles.js'

const write = tempFiles()

// 600 hours: the splits lie at rows 360 and 480; the labelled span is the last 120 hours before the first.
const [FIRST, SECOND, LABELLED] = [360, 480, 240]
const EVERYTHING = ['PM', 'TEMP']
const source = station()
// Another rhythm, so that tuning has something to learn.
const target = station({ lag: 3, offset: 15, seed: 2, period: 31 })

let files = 0
async function run(a: Station, b: Station, change: Partial<AdaptOptions> = {}): Promise<AdaptOutcome> {
  files++
  return adapt({
    source: [write(`a${files}.csv`, csv(a))],
    target: write(`b${files}.csv`, csv(b)),
    predict: 'PM',
    history: 6,
    horizon: 3,
    methods: ['source-only', 'coral', 'mmd', 'finetune'],
    seeds: 1,
    maxGap: 6,
    targetLabels: { milliseconds: 5 * 86_400_000, text: '5d' },
    epochs: 2,
    ...change,
  })
}

/** The trained weights of every network, by method. */
const weights = ({ trained }: AdaptOutcome) =>
  Object.fromEntries(trained.map(({ method, model }) => [method, bitsOf(model)]))

let straight: AdaptOutcome
beforeAll(async () => {
  straight = await run(source, target)
})

it('every network has learnt something of its own, or nothing could leak', () => {
  const different = new Set(Object.values(weights(straight)).map((bits) => JSON.stringify(bits)))
  expect(different.size).toBe(straight.trained.length)
})

describe('what is altered, and which trained weights may change', () => {
  const all = ['source-only', 'coral', 'mmd', 'finetune', 'target-only']
  const gap = () => 'NA'
  const cases: [string, Station, Station, string[]][] = [
    ['target labels from the first split on', source, altered(target, { from: FIRST, to: 600 }), []],
    ['any target value from the first split on', source, altered(target, { from: FIRST, to: 600, columns: EVERYTHING }), []], // prettier-ignore
    ['any source value from the second split on', altered(source, { from: SECOND, to: 600, columns: EVERYTHING }), target, []], // prettier-ignore
    [
      'any value of either from the second split on',
      altered(source, { from: SECOND, to: 600, columns: EVERYTHING }),
      altered(target, { from: SECOND, to: 600, columns: EVERYTHING }),
      [],
    ],
    // Some labels must stay for the test; where they are missing is as little known as what they are.
    ['which target labels are missing from the first split on', source, altered(target, { from: FIRST, to: 550 }, gap), []], // prettier-ignore
    // Before the labelled span the target gives inputs to the methods that align, and nothing to any other.
    ['target values before the labelled span', source, altered(target, { from: 0, to: LABELLED }), ['coral', 'mmd']],
    ['target values within the labelled span', source, altered(target, { from: LABELLED, to: FIRST }), ['coral', 'mmd', 'finetune', 'target-only']], // prettier-ignore
    // Scaling and every choice come from the source.
    ['source values of the training part', altered(source, { from: 0, to: 100 }), target, all],
    ['source values of the validation part', altered(source, { from: FIRST, to: SECOND }), target, ['chosen epoch']],
  ]
  it.each(cases)('%s', async (_, a, b, free) => {
    const [expected, found] = [weights(straight), weights(await run(a, b))]
    if (free.includes('chosen epoch')) {
      // Validation may choose another epoch of the source's networks; target-only does not know it.
      expect(found['target-only']).toEqual(expected['target-only'])
      return
    }
    for (const method of all) {
      if (free.includes(method)) expect(found[method]).not.toEqual(expected[method])
      else expect(found[method]).toEqual(expected[method])
    }
  })
})

describe('scaling and features', () => {
  it('are fitted on the training part of the source alone', async () => {
    const a = altered(source, { from: FIRST, to: 600, columns: EVERYTHING })
    const b = altered(target, { from: 0, to: 600, columns: EVERYTHING })
    const { domains } = await run(a, b, { methods: ['source-only'] })
    expect(domains.scaler).toEqual(straight.domains.scaler)
    expect(domains.encoding).toEqual(straight.domains.encoding)
    const pm = source.rows.slice(0, FIRST).flatMap(([, cell]) => (cell === 'NA' ? [] : [Number(cell)]))
    const mean = pm.reduce((sum, value) => sum + value, 0) / pm.length
    const deviation = Math.sqrt(pm.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pm.length)
    expect(domains.encoding.names[0]).toBe('PM')
    expect(domains.scaler.mean[0]).toBeCloseTo(mean, 8)
    expect(domains.scaler.scale[0]).toBeCloseTo(deviation, 8)
  })

  it('carry nothing over a split: a gap that begins before it is not filled behind it', async () => {
    const gap = altered(target, { from: SECOND - 3, to: SECOND + 2, columns: ['TEMP'] }, () => 'NA')
    const { result } = await run(source, gap, { methods: ['source-only'] })
    const lost = straight.result.settings.windows.test - result.settings.windows.test
    expect(lost).toBe(2) // the windows whose history holds one of the two rows behind the split
  })
})

describe('baselines that are fitted', () => {
  /** Forecasts of the last test windows, whose inputs no case alters. */
  const errors = ({ result }: AdaptOutcome) =>
    Object.fromEntries(result.rows.filter(({ kind }) => kind === 'baseline').map(({ method, rmse }) => [method, rmse]))

  it('do not see the target before the test part', async () => {
    const changed = errors(
      await run(source, altered(target, { from: 0, to: SECOND - 24 }), { methods: ['source-only'] }),
    )
    expect(changed).toEqual(errors(straight))
  })

  it('do not see the source from the second split on', async () => {
    const later = altered(source, { from: SECOND, to: 600, columns: EVERYTHING })
    expect(errors(await run(later, target, { methods: ['source-only'] }))).toEqual(errors(straight))
  })

  it('climatology and damped persistence do not see the source from the first split on; ridge only to choose', async () => {
    const { climatology, 'damped-persistence': damped } = errors(straight)
    const later = altered(source, { from: FIRST, to: 600, columns: EVERYTHING })
    expect(errors(await run(later, target, { methods: ['source-only'] }))).toMatchObject({
      climatology,
      'damped-persistence': damped,
    })
  })

  it('see the training part of the source', async () => {
    const changed = errors(await run(altered(source, { from: 0, to: 100 }), target, { methods: ['source-only'] }))
    for (const method of ['climatology', 'damped-persistence', 'ridge']) {
      expect(changed[method]).not.toEqual(errors(straight)[method])
    }
    expect(changed.persistence).toEqual(errors(straight).persistence)
  })
})

it('forecasts of unaltered windows stay when later ones are altered', async () => {
  const { trained } = await run(source, altered(target, { from: 560, to: 600, columns: EVERYTHING }))
  const early = (forecast: Float64Array) => forecast.slice(0, 3 * 40)
  for (const [i, { method, forecast }] of trained.entries()) {
    expect(method).toBe(straight.trained[i]!.method)
    expect(early(forecast)).toEqual(early(straight.trained[i]!.forecast))
  }
})

it('the altered tables are as different as they should be', () => {
  const path = write('x.csv', csv(altered(target, { from: FIRST, to: 600 })))
  const lines = (text: string) => text.trim().split('\n')
  const [before, after] = [lines(csv(target)), lines(readFileSync(path, 'utf8'))]
  const differ = before.flatMap((line, i) => (line === after[i] ? [] : [i - 1]))
  expect(differ[0]).toBe(FIRST)
  expect(differ.length).toBeGreaterThan(235) // all but those that are missing
})
