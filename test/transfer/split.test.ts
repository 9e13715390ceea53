import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../src/engine/errors.js'
import {
  labelledSpan,
  parseInstant,
  splitSeries,
  type RowRange,
  type SeriesSpan,
} from '../../src/transfer/protocol/index.js'

const hour = 3_600_000
const at = (text: string) => Date.parse(`${text}T00:00Z`)
const year = (start: string, length = 1000): SeriesSpan => ({ start: at(start), step: hour, length })
const times = (series: SeriesSpan, { from, to }: RowRange) =>
  Array.from({ length: to - from }, (_, i) => series.start + (from + i) * series.step)

describe('splitSeries', () => {
  it('cuts every series at 60 and 80 % of the common span', () => {
    const source = year('2013-01-01')
    const {
      source: [parts],
      target,
      warnings,
    } = splitSeries([source], source)
    expect(parts).toEqual({
      train: { from: 0, to: 600 },
      validation: { from: 600, to: 800 },
      test: { from: 800, to: 1000 },
    })
    expect(target).toEqual(parts)
    expect(warnings).toEqual([])
  })

  it('trains on nothing that is as late as the target validation or test, whatever the offsets and steps', () => {
    const target = year('2013-01-10', 2000)
    const sources = [
      year('2013-01-01', 2500),
      { start: at('2013-02-01'), step: 3 * hour, length: 300 },
      year('2010-01-01'),
    ]
    const split = splitSeries(sources, target)
    const firstValidation = target.start + split.target.validation.from * target.step
    const firstTest = target.start + split.target.test.from * target.step
    sources.forEach((series, i) => {
      const { train, validation, test } = split.source[i]!
      expect(Math.max(-Infinity, ...times(series, train))).toBeLessThan(firstValidation)
      expect(Math.max(-Infinity, ...times(series, validation))).toBeLessThan(firstTest)
      expect([train.from, train.to, validation.to, test.to]).toEqual([0, validation.from, test.from, series.length])
    })
    expect(split.source[2]!.train).toEqual({ from: 0, to: 1000 })
  })

  it('splits domains without a common span by their own, and warns', () => {
    const split = splitSeries([year('2013-01-01')], year('2016-01-01', 500))
    expect(split.warnings).toHaveLength(1)
    expect(split.warnings[0]).toMatch(/no common time span/)
    expect(split.source[0]!.train.to).toBe(600)
    expect(split.target.train.to).toBe(300)
  })

  it('takes explicit instants, read as UTC', () => {
    const series = year('2013-01-01')
    const { target, instants } = splitSeries([series], series, { instants: ['2013-01-11', '2013-01-21T12:00'] })
    expect(target.train.to).toBe(240)
    expect(target.validation.to).toBe(492)
    expect(instants.target).toEqual([at('2013-01-11'), at('2013-01-21') + 12 * hour])
  })

  it.each([
    [['2013-01-20', '2013-01-10'], /earlier first/],
    [['2012-01-20', '2013-01-10'], /inside the common span/],
    [['2013-01-20', '2014-01-10'], /inside the common span/],
    [['2013-02-30', '2013-03-10'], /a date such as/],
    [['soon', '2013-03-10'], /a date such as/],
    [['2013-01-05T00:10', '2013-01-05T00:20'], /rows in the target's validation part, received none/],
  ] as const)('refuses the instants %j', (instants, message) => {
    const series = year('2013-01-01')
    const call = () => splitSeries([series], series, { instants: [instants[0], instants[1]] })
    expect(call).toThrow(ArgumentError)
    expect(call).toThrow(message)
  })

  it('refuses a series without rows, and a source that ends before validation begins', () => {
    expect(() => splitSeries([year('2013-01-01', 0)], year('2013-01-01'))).toThrow(/and rows/)
    const late = { instants: ['2013-02-01', '2013-02-03'] as const }
    expect(() => splitSeries([year('2013-01-01', 100)], year('2013-01-01'), late)).toThrow(ArgumentError)
  })
})

it('parseInstant reads zones and is not tricked by the zone of the machine', () => {
  expect(parseInstant('2016-05-01T12:00')).toBe(Date.UTC(2016, 4, 1, 12))
  expect(parseInstant('2016-05-01T12:00+02:00')).toBe(Date.UTC(2016, 4, 1, 10))
})

describe('labelledSpan', () => {
  it('is the end of target-train, with its last fifth for validation', () => {
    const span = labelledSpan({ from: 100, to: 1000 }, hour, 100 * hour)
    expect(span).toEqual({ train: { from: 900, to: 980 }, validation: { from: 980, to: 1000 } })
  })

  it('refuses more labels than target-train has', () => {
    expect(() => labelledSpan({ from: 0, to: 50 }, hour, 100 * hour)).toThrow(/2 to 50 labelled rows/)
  })
})
