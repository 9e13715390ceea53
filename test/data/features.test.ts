import { describe, expect, it } from 'vitest'
import { detectTime, encode, fitEncoding, regularise, type Encoding, type Series } from '../../src/data/index.js'
import { DataError } from '../../src/engine/errors.js'
import { DAY, HOUR, hours, range, START, tableOf } from './support.js'

type Columns = Parameters<typeof tableOf>[0]

function series(columns: Columns, path?: string, step = 1): Series {
  const length = Object.values(columns)[0]?.length ?? 0
  const table = tableOf({ t: hours(...range(length).map((i) => i * step)), ...columns }, path)
  return regularise(table, detectTime(table, 't'))
}

/** Feature `name` of a series, step by step. */
function feature(source: Series, encoding: Encoding, name: string): number[] {
  const { names, values } = encode(source, encoding)
  const at = names.indexOf(name)
  return range(source.length).map((i) => values[i * names.length + at] ?? Infinity)
}

const y = [3, 1, 4, 1, 5, 9]

describe('fitEncoding', () => {
  it('leaves out counters, constants, empty columns and parts of the time, and says so', () => {
    const columns = {
      No: [5, 6, 8, 9, 10, 11],
      month: [1, 1, 1, 2, 2, 2],
      c: range(6).map(() => 7),
      s: range(6).map(() => 'x'),
    }
    const encoding = fitEncoding([series({ ...columns, e: range(6).map(() => null), y })], { predict: 'y' })
    expect(encoding.names).toEqual(['y', 'hour sin', 'hour cos', 'day of year sin', 'day of year cos'])
    expect(encoding.warnings).toEqual([
      'column "No" is left out: it counts the rows',
      'column "month" is left out: it is part of the time',
      'column "c" is left out: it is always "7"',
      'column "s" is left out: it is always "x"',
      'column "e" is left out: it has no values',
    ])
  })

  it('puts the predicted column first and survives JSON', () => {
    const source = series({ x: [2, 7, 1, 8, 2, 8], y })
    const encoding = fitEncoding([source], { predict: 'y' })
    const copy = JSON.parse(JSON.stringify(encoding)) as Encoding
    expect(copy).toEqual(encoding)
    expect(feature(source, copy, 'y')).toEqual(y)
    expect(encode(source, copy).names.slice(0, 2)).toEqual(['y', 'x'])
    expect([...encode(source, copy).target]).toEqual(y)
  })

  it('turns compass points and degrees into sine and cosine', () => {
    const columns = {
      wd: ['N', 'ene', 'S', 'calm', null, '?'],
      wind_dir: [0, 90, 225, 360, null, 10],
      x: [0, 90, 225, 360, 1, 10],
    }
    const whole = series({ ...columns, y })
    const encoding = fitEncoding([whole], { predict: 'y', until: START + 5 * HOUR })
    expect(encoding.names.slice(0, 6)).toEqual(['y', 'wd sin', 'wd cos', 'wind_dir sin', 'wind_dir cos', 'x'])
    const angle = (3 * Math.PI) / 8
    expect(feature(whole, encoding, 'wd sin')).toEqual(close([0, Math.sin(angle), 0, 0, NaN, NaN]))
    expect(feature(whole, encoding, 'wd cos')).toEqual(close([1, Math.cos(angle), -1, 0, NaN, NaN]))
    const d = Math.PI / 180
    expect(feature(whole, encoding, 'wind_dir sin')).toEqual(close([0, 1, Math.sin(225 * d), 0, NaN, Math.sin(10 * d)]))
    expect(feature(whole, encoding, 'wind_dir cos')).toEqual(close([1, 0, Math.cos(225 * d), 1, NaN, Math.cos(10 * d)]))
  })

  it.each([
    ['wd', true],
    ['WindDirection', true],
    ['wind_direction_10m (°)', true],
    ['wind_deg', true],
    ['gust_dir', true],
    ['width', false],
    ['degree_days', false],
    ['directory', false],
  ])('knows %s for a direction: %s', (name, expected) => {
    const { names } = fitEncoding([series({ [name]: [0, 90, 180, 270, 360, 5], y })], { predict: 'y' })
    expect(names.includes(`${name} sin`)).toBe(expected)
  })

  it('keeps a direction as a number when its values are no degrees', () => {
    for (const values of [
      [0, 90, 400, 1, 2, 4],
      [-90, 90, 1, 2, 3, 5],
      [0, 3, 6, 1, 2, 4],
    ])
      expect(fitEncoding([series({ wd: values, y })], { predict: 'y' }).names).toContain('wd')
  })

  it('encodes other text by its 16 most frequent source levels', () => {
    const text = range(40).map((i) => (i < 20 ? `k${i}` : `k${i % 5}`))
    const source = series({ sky: [...text, null], y: range(41).map((i) => (i * 7) % 11) })
    const encoding = fitEncoding([source], { predict: 'y' })
    const levels = encoding.names.filter((name) => name.startsWith('sky='))
    expect(levels.slice(0, 6)).toEqual(['sky=k0', 'sky=k1', 'sky=k2', 'sky=k3', 'sky=k4', 'sky=k10'])
    expect(levels).toHaveLength(16)
    expect(feature(source, encoding, 'sky=k3').slice(-3)).toEqual([1, 0, NaN])
    expect(feature(source, encoding, 'sky=k3')[3]).toBe(1)
    const target = series({ sky: ['new', 'k0'], y: [1, 2] }, 'target.csv')
    expect(levels.map((name) => feature(target, encoding, name)[0])).toEqual(range(16).map(() => 0))
  })

  it('adds the hour below a day and the day of the year always', () => {
    const hourly = series({ y: [...y, ...y, ...y] })
    const encoding = fitEncoding([hourly], { predict: 'y' })
    expect(feature(hourly, encoding, 'hour sin')[6]).toBeCloseTo(1, 12)
    expect(feature(hourly, encoding, 'hour cos')[12]).toBeCloseTo(-1, 12)
    const daily = series({ y: range(300).map((i) => i % 7) }, 'daily.csv', 24)
    const days = fitEncoding([daily], { predict: 'y' })
    expect(days.names).toEqual(['y', 'day of year sin', 'day of year cos'])
    expect([daily.step, feature(daily, days, 'day of year cos')[183]]).toEqual([DAY, expect.closeTo(-1, 12)])
  })

  it('takes and leaves the columns it is told', () => {
    const source = series({ a: [2, 1, 3, 1, 2, 2], b: [1, 2, 1, 2, 2, 5], y })
    const first = (options: object): string[] => fitEncoding([source], { predict: 'y', ...options }).names.slice(0, -4)
    expect(first({})).toEqual(['y', 'a', 'b'])
    expect(first({ features: ['b'] })).toEqual(['y', 'b'])
    expect(first({ exclude: ['b'] })).toEqual(['y', 'a'])
    expect(() => first({ features: ['bb'] })).toThrow('no column "bb"; the nearest are "b"')
    expect(() => first({ exclude: ['z1'] })).toThrow(DataError)
    expect(() => first({ exclude: ['y'] })).toThrow('its history is a feature')
  })

  it('uses the columns that all sources share', () => {
    const sources = [series({ a: [2, 1, 3, 1, 2, 2], y }, 'one.csv'), series({ y }, 'two.csv')]
    expect(fitEncoding(sources, { predict: 'y' }).warnings).toEqual(['column "a" is left out: two.csv lacks it'])
    const daily = series({ y }, 'daily.csv', 24)
    expect(() => fitEncoding([series({ y }), daily], { predict: 'y' })).toThrow('daily.csv: expected a step of 1 h')
  })

  it.each([
    [{ y: ['1', 'a bit', '3'] }, 'y', 'table.csv, row 3, column y: expected numbers, found "a bit"'],
    [{ y: [null, null, null] }, 'y', 'expected values to predict, found none'],
    [{ y: [2, 2, null] }, 'y', 'expected values that change, found only 2'],
    [{ yy: [1, 2, 3] }, 'y', 'no column "y"; the nearest are "yy"'],
    [{ y: [1, 2, 3] }, 't', 'the predicted column is the time'],
  ])('refuses to predict %#', (columns, predict, message) => {
    expect(() => fitEncoding([series(columns)], { predict })).toThrow(DataError)
    expect(() => fitEncoding([series(columns)], { predict })).toThrow(message)
  })

  it('sees nothing after `until`', () => {
    const columns = { s: ['a', 'b', 'a', 'b', 'a', 'b'], wd: [10, 100, 200, 300, 20, 30], c: [1, 1, 1, 1, 1, 1], y }
    const later = {
      s: ['a', 'b', 'a', 'z', 'z', 'z'],
      wd: [10, 100, 200, 900, -1, 7],
      c: [1, 1, 1, 2, 3, 4],
      y: [3, 1, 4, 8, 8, 8],
    }
    const until = START + 3 * HOUR
    const before = fitEncoding([series(columns)], { predict: 'y', until })
    expect(fitEncoding([series(later)], { predict: 'y', until })).toEqual(before)
    expect(fitEncoding([series(later)], { predict: 'y' })).not.toEqual(before)
  })

  it('warns of columns that are missing most of the time', () => {
    const gust = [1, null, null, null, null, 2]
    expect(fitEncoding([series({ gust, y })], { predict: 'y' }).warnings[0]).toContain('"gust" is missing in 67 %')
  })
})

describe('encode', () => {
  const encoding = fitEncoding([series({ a: [2, 1, 3, 1, 2, 2], s: ['p', 'q', 'p', 'q', 'p', 'p'], y })], {
    predict: 'y',
  })

  it.each([
    [{ y }, 'target.csv: expected the source\'s columns, but "a", "s" are missing'],
    [{ y, s: range(6).map(String) }, '"a" is missing'],
    [
      { y, a: ['1', '2', 'x', '1', '1', '1'], s: y.map(String) },
      'target.csv, row 4, column a: expected numbers as in the source, found "x"',
    ],
    [{ y, a: y, s: y }, 'target.csv, column s: expected text as in the source, found numbers'],
    [{ y: y.map((v) => `${v}?`), a: y, s: y.map(String) }, 'column y: expected numbers'],
  ])('refuses a target %#', (columns, message) => {
    expect(() => encode(series(columns, 'target.csv'), encoding)).toThrow(DataError)
    expect(() => encode(series(columns, 'target.csv'), encoding)).toThrow(message)
  })

  it('takes an empty column for missing text and refuses another step', () => {
    const empty = series({ y, a: y, s: y.map(() => null) })
    expect(feature(empty, encoding, 's=p')).toEqual(y.map(() => NaN))
    expect(() => encode(series({ y, a: y, s: y.map(String) }, 'd.csv', 24), encoding)).toThrow('found 1 d')
  })
})

function close(values: number[]): unknown[] {
  return values.map((value) => (Number.isNaN(value) ? NaN : (expect.closeTo(value, 12) as unknown)))
}
