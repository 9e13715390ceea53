import { dirname } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { readTable, type Table } from '../../src/data/index.js'
import { optionalImport } from '../../src/engine/optionalImport.js'
import { DataError, MissingPackageError } from '../../src/engine/errors.js'
import { tempFiles } from '../support/tempFiles.js'

const file = tempFiles()

async function failure(path: string | string[], options = {}): Promise<DataError> {
  const error: unknown = await readTable(path, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DataError)) throw new Error(`expected a DataError, got ${String(error)}`)
  return error
}

function values(table: Table, name: string): (number | string | null)[] {
  return [...table.column(name).values]
}

describe('what a table holds', () => {
  it('reads numbers, booleans, text and times', async () => {
    const text =
      'n,b,t,d,z\n1,true,x,2020-01-31,2020-01-01T01:00:00+08:00\n-2.5e3,FALSE,"y, ""z""",2020-02-01,2020-01-01 01:00Z\n'
    const table = await readTable(file('kinds.csv', text))
    expect(table.columns.map(({ kind }) => kind)).toEqual(['number', 'number', 'text', 'time', 'time'])
    expect(values(table, 'n')).toEqual([1, -2500])
    expect(values(table, 'b')).toEqual([1, 0])
    expect(values(table, 't')).toEqual(['x', 'y, "z"'])
    expect(values(table, 'd')).toEqual([Date.UTC(2020, 0, 31), Date.UTC(2020, 1, 1)])
    expect(values(table, 'z')).toEqual([Date.UTC(2019, 11, 31, 17), Date.UTC(2020, 0, 1, 1)])
  })

  it('reads text files without a header when their columns are named', async () => {
    const path = file('bare.csv', '0,1,x\n0,2,y\n')
    const table = await readTable(path, { names: ['a', 'b', 'c'], derive: ['d=a+b'] })
    expect(table.rows).toBe(2)
    expect(values(table, 'd')).toEqual([1, 2])
    expect(values(table, 'c')).toEqual(['x', 'y'])
    expect(table.place(1)).toMatchObject({ row: 2 })
    expect((await failure(path, { names: ['a', 'b'] })).message).toContain('expected 2 fields, one per name, found 3')
    expect((await failure(path, { names: ['a', 'b', 'a'] })).message).toContain('found "a" twice')
    const numbers = await failure(file('numbers.csv', '0,0,1\n1,2,3\n'))
    expect(numbers.message).toContain('found only numbers (readTable takes names for a file without)')
  })

  it('takes the default texts, and others on request, for missing', async () => {
    const path = file('nulls.csv', 'a,b,c\n1,x,-999\nNA,,5\n-,"NA",6\nnull,N/A,7\nnan,NaN,8\n')
    const table = await readTable(path)
    expect(values(table, 'a')).toEqual([1, NaN, NaN, NaN, NaN])
    expect(values(table, 'b')).toEqual(['x', null, null, null, null])
    expect(values(table, 'c')[0]).toBe(-999)
    const other = await readTable(path, { nulls: ['-999'] })
    expect(values(other, 'c')).toEqual([NaN, 5, 6, 7, 8])
    expect(other.column('a').kind).toBe('text')
  })

  it('takes a quote inside of a field as it is', async () => {
    expect(values(await readTable(file('inch.csv', 'a,b\n1,2"\n2,x"y"z\n')), 'b')).toEqual(['2"', 'x"y"z'])
  })

  it('looks at all rows before it calls a column numeric', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => (i === 29_999 ? 'late' : String(i)))
    expect((await readTable(file('late.csv', `a,b\n${rows.map((x) => `${x},1`).join('\n')}\n`))).column('a').kind).toBe(
      'text',
    )
  })

  it('does not guess the order of day and month', async () => {
    expect((await readTable(file('us.csv', 'd,x\n01/02/2020,1\n02/02/2020,2\n'))).column('d').kind).toBe('text')
  })

  it.each([
    ['semicolon.csv', 'a;b\n1;2\n'],
    ['tab.tsv', 'a\tb\n1\t2\n'],
    ['bar.csv', 'a|b\n1|2\n'],
    ['crlf.csv', 'a,b\r\n1,2\r\n'],
    ['mixed.csv', 'a,b\r\n1,"2"\n'],
    ['bom.csv', '\ufeffa,b\n1,2\n'],
    ['trailing.csv', 'a,b\n1,2\n\n\n'],
    ['open end.csv', 'a,b\n1,2'],
    ["odd[1]*?'name.csv", 'a,b\n1,2\n'],
    ['hash.csv', 'a,b\n1,2\n'],
  ])('reads %s', async (name, text) => {
    const table = await readTable(file(name, text))
    expect([table.names, values(table, 'a'), values(table, 'b')]).toEqual([['a', 'b'], [1], [2]])
  })

  it('reads gzip by content and keeps difficult column names apart', async () => {
    const table = await readTable(file('zipped.csv.gz', gzipSync('a,A,"x ""q"", y",PM2.5,\n1,2,3,4,5\n')))
    expect(table.names).toEqual(['a', 'A', 'x "q", y', 'PM2.5', 'column5'])
    expect(table.columns.map((column) => column.values[0])).toEqual([1, 2, 3, 4, 5])
    expect((await readTable(file('zipped.csv', gzipSync('a\n1\n\n3\n')))).rows).toBe(3)
  })

  it('joins files by column name and remembers where rows come from', async () => {
    const table = await readTable([file('one.csv', 'a,b\n1,x\n2,y\n'), file('two.csv', 'b,a\n,3\n')])
    expect([values(table, 'a'), values(table, 'b')]).toEqual([
      [1, 2, 3],
      ['x', 'y', null],
    ])
    expect(table.place(2, 'a')).toEqual({ file: expect.stringMatching(/two\.csv$/) as string, row: 2, column: 'a' })
  })

  it('reads Parquet', async () => {
    const path = file('types.parquet', '')
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run(`COPY (SELECT 1::HUGEINT AS i, 1.5::DECIMAL(5, 2) AS d, true AS b, DATE '2020-01-02' AS day,
      TIMESTAMP '2020-01-01 00:00:00.5' AS t, TIMESTAMPTZ '2020-01-01 00:00:00+02' AS z, 'NA' AS s, NULL::DOUBLE AS n,
      'nan'::DOUBLE AS q, [1, 2] AS l) TO '${path}' (FORMAT parquet)`)
    connection.closeSync()
    const table = await readTable(path, { where: ['i=1'], derive: ['e=d * 2', 'f=coalesce(q, 7)'] })
    expect(table.columns.map((column) => column.values[0])).toEqual([
      1,
      1.5,
      1,
      Date.UTC(2020, 0, 2),
      Date.UTC(2020, 0, 1) + 500,
      Date.UTC(2019, 11, 31, 22),
      NaN,
      NaN,
      NaN,
      '[1, 2]',
      3,
      7,
    ])
  })
})

describe('what cannot be read whole', () => {
  const long = `a,b\n${Array.from({ length: 20_000 }, (_, i) => `${i},${Math.sqrt(i)}`).join('\n')}\n`
  it.each([
    ['short.csv', 'a,b\n1,2\n3\n', 3, 'expected 2 fields as in the header, found 1'],
    ['wide.csv', 'a,b\n1,2\n3,4\n5,6,7\n', 4, 'expected 2 fields as in the header, found 3'],
    ['blank.csv', 'a,b\n1,2\n\n3,4\n', 3, 'blank line'],
    ['quote.csv', 'a,b\n1,"2\n3,4\n', 2, 'never closed'],
    ['after.csv', 'a,b\n1,"2"x\n', 2, 'expected a delimiter after a quoted field'],
    ['empty.csv', '', undefined, 'the file is empty'],
    ['newlines.csv', '\n\n', undefined, 'the file is empty'],
    ['header.csv', 'a,b\n', undefined, 'expected rows below the header'],
    ['twice.csv', 'a,b,a\n1,2,3\n', 1, 'found "a" twice'],
    ['headless.csv', '1,2\n3,4\n', 1, 'expected a header'],
    ['latin.csv', Buffer.from([97, 44, 98, 10, 49, 44, 50, 10, 0xe9, 44, 50, 10]), 3, 'not UTF-8'],
    ['utf16.csv', Buffer.from('a,b\n1,2\n', 'utf16le'), undefined, 'UTF-8'],
    ['mac.csv', 'a,b\r1,2\r', undefined, 'expected lines that end in'],
    ['infinite.csv', 'a,b\n1,2\n1,inf\n', 3, 'expected a finite number'],
    ['plain.csv.gz', 'a,b\n1,2\n', undefined, 'expected a gzip file'],
    ['cut.csv.gz', gzipSync(long).subarray(0, 50_000), undefined, 'truncated'],
    [
      'broken.csv.gz',
      Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]),
      undefined,
      'damaged',
    ],
    ['fake.parquet', 'PAR1 and nothing more', undefined, 'expected a Parquet file'],
  ])('%s', async (name, content, row, message) => {
    const path = file(name, content)
    const error = await failure(path)
    expect([error.file, error.row]).toEqual([path, row])
    expect(error.message).toContain(message)
    expect(error.message.split('\n')).toHaveLength(1)
  })

  it('a file that is missing, a folder, no file', async () => {
    const here = file('here.csv', 'a\n1\n')
    expect((await failure(`${here}.not`)).message).toContain('there is no such file')
    expect((await failure(dirname(here))).message).toContain('found a directory')
    expect((await failure([])).message).toContain('at least one file')
  })

  it('files whose columns differ in name or kind', async () => {
    const one = file('1.csv', 'a,b\n1,2\n')
    expect((await failure([one, file('2.csv', 'a,c\n1,2\n')])).message).toContain('lacks "b" and has "c" besides')
    const error = await failure([one, file('3.csv', 'a,b\n1,x\n')])
    expect([error.file, error.column]).toEqual([expect.stringMatching(/3\.csv$/), 'b'])
  })

  it('names the nearest columns', async () => {
    const table = await readTable(file('near.csv', 'PM2.5,PM10,wind\n1,2,3\n'))
    expect(() => table.column('pm25')).toThrow('no column "pm25"; the nearest are "PM2.5", "PM10"')
    expect(() => table.column('humidity')).toThrow('there are "PM2.5", "PM10", "wind"')
  })

  it('says which package is missing', async () => {
    const absent: string = '@landbridge-test/absent'
    const load = (): Promise<unknown> => import(absent)
    await expect(optionalImport('absent', 'reading tables', load)).rejects.toThrow(MissingPackageError)
    await expect(optionalImport('absent', 'x', () => Promise.reject(new TypeError('other')))).rejects.toThrow(TypeError)
  })
})
