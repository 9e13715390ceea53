import { describe, expect, it } from 'vitest'
import { detectTime, parseIsoTime, regularise, type Series, type Table } from '../../src/data/index.js'
import { DataError } from '../../src/engine/errors.js'
import { DAY, HOUR, hours, range, START, tableOf } from './support.js'

function errorOf(run: () => unknown): DataError {
  try {
    run()
  } catch (error) {
    if (error instanceof DataError) return error
  }
  throw new Error('expected a DataError')
}

function seriesOf(table: Table): Series {
  return regularise(table, detectTime(table))
}

describe('parseIsoTime', () => {
  it.each([
    ['2020-02-29', Date.UTC(2020, 1, 29)],
    ['2020/2/9', Date.UTC(2020, 1, 9)],
    ['2020-01-01 05:06', Date.UTC(2020, 0, 1, 5, 6)],
    ['2020-01-01T05:06:07.5', Date.UTC(2020, 0, 1, 5, 6, 7, 500)],
    ['2020-01-01T05:06:07,250Z', Date.UTC(2020, 0, 1, 5, 6, 7, 250)],
    ['2020-01-01T00:00+08:00', Date.UTC(2019, 11, 31, 16)],
    ['2020-01-01T00:00:00-0330', Date.UTC(2020, 0, 1, 3, 30)],
    ['2020-01-01 00:00:00+02', Date.UTC(2019, 11, 31, 22)],
    ['2020-01-01T24:00', Date.UTC(2020, 0, 2)],
    ['0099-12-31', new Date('0099-12-31T00:00:00Z').getTime()],
  ])('%s', (text, epoch) => expect(parseIsoTime(text)).toBe(epoch))

  it.each([
    '2019-02-29',
    '2020-13-01',
    '2020-01-01T25:00',
    '2020-01-01T24:30',
    '01/02/2020',
    '2020',
    '20200101',
    'x',
    '',
  ])('refuses %s', (text) => expect(parseIsoTime(text)).toBeNaN())
})

describe('detectTime', () => {
  const parts = { Year: [2020, 2020], MONTH: [1, 1], day: [1, 1], hour: [22, 23], x: [1, 2] }

  it('finds year, month, day and hour in any case', () => {
    const time = detectTime(tableOf(parts))
    expect([...time.epoch]).toEqual([START + 22 * HOUR, START + 23 * HOUR])
    expect(time.columns).toEqual(['Year', 'MONTH', 'day', 'hour'])
    expect(time.description).toBe(
      'time from Year, MONTH, day, hour (UTC where no offset is given), 2020-01-01 22:00 to 2020-01-01 23:00',
    )
  })

  it('takes the columns it is told', () => {
    const table = tableOf({ ...parts, j: [2019, 2019], t: ['2021-01-01', '2021-01-02'] })
    expect(detectTime(table, 'j,MONTH,day').epoch[0]).toBe(Date.UTC(2019, 0, 1))
    expect([...detectTime(table, 't').epoch]).toEqual([Date.UTC(2021, 0, 1), Date.UTC(2021, 0, 2)])
  })

  it.each([
    [tableOf(parts), 'when', undefined, 'no column "when"'],
    [tableOf(parts), 'Year,MONTH', undefined, 'expected one column, or year,month,day'],
    [tableOf(parts), 'x', undefined, 'found numbers'],
    [tableOf({ x: [1] }), undefined, undefined, 'found no time'],
    [tableOf({ t: ['2020-01-01', 'soon'], x: [1, 2] }), undefined, 3, 'expected an ISO date or time, found "soon"'],
    [tableOf({ t: ['2020-01-01', null] }), 't', 3, 'found a missing value'],
    [tableOf({ ...parts, day: [31, 32] }), undefined, 3, 'found 2020,1,32,23'],
    [tableOf({ ...parts, hour: [null, 2] }), undefined, 2, 'found 2020,1,1,NaN'],
    [tableOf({ ...parts, day: ['1', 'x'] }), 'Year,MONTH,day', undefined, 'expected numbers for a part of the time'],
  ])('refuses %#', (table, spec, row, message) => {
    const error = errorOf(() => detectTime(table, spec))
    expect(error.message).toContain(message)
    expect([error.file, error.row]).toEqual(['table.csv', row])
  })

  it('asks when there are two times', () => {
    const epoch = Float64Array.of(1, 2)
    const table = tableOf({ x: [1, 2] })
    const times = ['a', 'b'].map((name) => ({ name, kind: 'time' as const, values: epoch }))
    const two = Object.assign(Object.create(table) as Table, { columns: times })
    expect(() => detectTime(two)).toThrow('expected one time column, found "a", "b"')
  })
})

describe('regularise', () => {
  it('makes missing steps explicit gaps', () => {
    const series = regularise(
      ...withTime({ t: hours(0, 1, 2, 5, 6), x: [0, 1, 2, 5, 6], w: ['a', 'b', null, 'd', 'e'] }),
    )
    expect([series.start, series.step, series.length, series.gaps]).toEqual([START, HOUR, 7, 2])
    expect([...series.column('x').values]).toEqual([0, 1, 2, NaN, NaN, 5, 6])
    expect([...series.column('w').values]).toEqual(['a', 'b', null, null, null, 'd', 'e'])
    expect([...series.rows]).toEqual([2, 3, 4, 0, 0, 5, 6])
    expect(series.names).toEqual(['x', 'w'])
    expect(range(7).map((i) => series.epoch(i))).toEqual(range(7).map((i) => START + i * HOUR))
    expect([-1, 0.5, 3, 99].map((h) => series.indexAt(START + h * HOUR))).toEqual([0, 1, 3, 7])
  })

  it('takes the most frequent difference for the step', () => {
    expect(seriesOf(tableOf({ t: hours(0, 24, 72, 96, 120), x: range(5) })).step).toBe(DAY)
  })

  it.each([
    [{ t: hours(0, 2, 1), x: range(3) }, 4, 'found 2020-01-01 01:00 after 2020-01-01 02:00'],
    [{ t: hours(0, 1, 1, 2), x: range(4) }, 4, 'found 2020-01-01 01:00 a second time'],
    [{ t: hours(0, 1, 2, 2.5, 4), x: range(5) }, 5, 'expected times a multiple of 1 h apart, found 2020-01-01 02:30'],
    [{ t: hours(0), x: [1] }, undefined, 'expected at least two rows, found 1'],
    [{ t: hours(0, 1, 2, 1e6), x: range(4) }, undefined, 'expected rows every 1 h, found 4 over 1000000 steps'],
  ])('refuses %#', (columns, row, message) => {
    const error = errorOf(() => regularise(...withTime(columns)))
    expect(error.message).toContain(message)
    expect([error.file, error.row]).toEqual(['table.csv', row])
  })

  it('suggests a condition when a column tells stations apart', () => {
    const blocks = {
      t: hours(0, 1, 2, 0, 1, 2),
      kind: ['a', 'b', 'a', 'b', 'a', 'b'],
      site: ['N Y', 'N Y', 'N Y', 'S', 'S', 'S'],
    }
    expect(() => regularise(...withTime(blocks))).toThrow(
      'column "site" has 2 values, so choose one with --where "site=N Y"',
    )
    const interleaved = { t: hours(0, 0, 1, 1), site: ['p', 'q', 'p', 'q'], x: range(4) }
    expect(() => regularise(...withTime(interleaved))).toThrow('a second time; column "site" has 2 values')
    const error = errorOf(() => regularise(...withTime({ t: hours(0, 1, 1), site: ['p', 'p', 'p'] })))
    expect(error.message).not.toContain('--where')
  })

  function withTime(columns: Parameters<typeof tableOf>[0]): Parameters<typeof regularise> {
    const table = tableOf(columns)
    return [table, detectTime(table, 't')]
  }
})
