import { describe, expect, it } from 'vitest'
import { readTable, type ReadTableOptions } from '../../src/data/index.js'
import { parseDerive } from '../../src/data/expression.js'
import { DataError } from '../../src/engine/errors.js'
import { tempFiles } from '../support/tempFiles.js'

const file = tempFiles()
const path = file(
  't.csv',
  "site,day,temp,PM2.5\nA,2020-01-01,32,1\nB,2020-01-02,50,\nA,2020-01-03,68,3\nit's,2020-01-04,86,4\n",
)

async function column(name: string, options: ReadTableOptions): Promise<(number | string | null)[]> {
  return [...(await readTable(path, options)).column(name).values]
}

describe('where', () => {
  it.each([
    [['site=A'], [32, 68]],
    [['site!=A'], [50, 86]],
    [["site=it's"], [86]],
    [['site = "A"', 'temp>32'], [68]],
    [['temp<=50'], [32, 50]],
    [['temp==50'], [50]],
    [['day>=2020-01-03'], [68, 86]],
    [['day<2020-01-01T12:00'], [32]],
    [['PM2.5!=1'], [68, 86]],
    [['"PM2.5">=3', 'site<B'], [68]],
  ])('%s', async (where, expected) => {
    expect(await column('temp', { where })).toEqual(expected)
  })

  it('keeps the rows of the file', async () => {
    const table = await readTable(path, { where: ['site=A'] })
    expect(table.place(1)).toMatchObject({ file: path, row: 4 })
  })

  it.each([
    ['site', 'expected COLUMN=VALUE'],
    ['Site=A', 'no column "Site"; the nearest are "site"'],
    ['site=C', 'leaves none of 4 rows; the column has "A", "B", "it\'s"'],
    ['temp=warm', 'expected a number to compare with, received "warm"'],
    ["temp=''", 'expected a number to compare with, received ""'],
    ['day>soon', 'expected an ISO time'],
  ])('refuses %s', async (where, message) => {
    const read = readTable(path, { where: [where] })
    await expect(read).rejects.toThrow(DataError)
    await expect(read).rejects.toThrow(message)
  })
})

describe('derive', () => {
  it.each([
    ['c=(temp-32)/1.8', [0, 10, 20, 30]],
    ['temp=temp*2', [64, 100, 136, 172]],
    ['TEMP=temp--1', [33, 51, 69, 87]],
    ['x="PM2.5"+1', [2, NaN, 4, 5]],
    ['x=COALESCE("PM2.5", -1)', [1, -1, 3, 4]],
    ["x=if(site = 'it''s', 1, 0)", [0, 0, 0, 1]],
    ['"odd name"=round(temp / 7, 1) % 2', [0.6, 1.1, 1.7, 0.3]],
    ['s=lower(site)', ['a', 'b', 'a', "it's"]],
  ])('%s', async (derive, expected) => {
    const name = derive.slice(0, derive.indexOf('=')).replaceAll('"', '')
    const actual = await column(name, { derive: [derive] })
    for (const [i, value] of expected.entries())
      expect(actual[i]).toEqual(Number.isFinite(value) ? expect.closeTo(Number(value), 9) : value)
  })

  it('goes on from derived columns, and where sees them', async () => {
    expect(await column('f', { derive: ['c=(temp-32)/1.8', 'f=c*2'], where: ['c>=20'] })).toEqual([40, 60])
  })

  it.each([
    ['x', 'expected NAME=EXPRESSION'],
    ['x=PM2+1', 'names other than plain identifiers stand in double quotes'],
    ['x=tmp', 'no column "tmp"; the nearest are "temp"'],
    ['x=temp temp', 'cannot be computed'],
    ['x=site+1', 'cannot be computed'],
    ['x=ln(temp-32)', 'cannot be computed: cannot take logarithm'],
    ['x=(temp, 1)', 'gives neither a number nor text'],
    ['x=temp, 1', 'comma outside'],
    ['x=temp) + (1', 'unbalanced'],
    ['x=(temp', 'unbalanced'],
    ['x=   ', 'is empty'],
    ['x=(select 1)', 'no column "select"'],
    ['x=temp; drop', 'does not allow ";"'],
    ["x=read_text('/etc/hostname')", 'not on the list of allowed functions'],
    ["x=getenv('HOME')", 'not on the list of allowed functions'],
    ['x=temp -- comment', 'no column "comment"'],
    ['x=1/(temp-32)', 'expected a finite number'],
  ])('refuses %s', async (derive, message) => {
    const error: unknown = await readTable(path, { derive: [derive] }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DataError)
    expect(String(error)).toContain(message)
    expect(String(error)).not.toContain('\n')
  })

  it('lets no character through that it did not parse', () => {
    const columns = new Map([['a"b', 'c0']])
    expect(parseDerive('x="a""b" - -1 / *2', columns).sql).toBe('c0 - - 1 / * 2')
    for (const text of ["x='open", 'x="a""b', 'x=$1', 'x=[1]', 'x={}', 'x=a.b', 'x=1::text', 'x=\\', 'x=`a`', 'x=?'])
      expect(() => parseDerive(text, columns), text).toThrow(DataError)
  })
})
