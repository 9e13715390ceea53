import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdaptResult } from '../../src/transfer/protocol/result.js'
import { installedCli } from '../support/cli.js'
import type { Outcome } from '../support/child.js'
import { csv, station, type Station } from '../support/stations.js'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-adapt-'))
afterAll(() => rmSync(folder, { recursive: true }))
const cli = installedCli()

const write = (name: string, table: Station) => writeFileSync(join(folder, name), csv(table))
write('a.csv', station())
write('b.csv', station({ lag: 3, offset: 15, seed: 2 }))
write('c.csv', station({ lag: 1, offset: -5, seed: 3 }))
writeFileSync(join(folder, 'b.csv.gz'), gzipSync(csv(station({ lag: 3, offset: 15, seed: 2 }))))

const fast = ['--predict', 'PM', '--history', '6', '--horizon', '3', '--seeds', '1', '--epochs', '2']
const base = ['adapt', '--source', 'a.csv', '--target', 'b.csv', ...fast, '--target-labels', '5d']
const run = (...args: string[]) => cli(args, { cwd: folder })
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as AdaptResult

async function adapt(name: string, ...args: string[]): Promise<AdaptResult> {
  const { code, stderr } = await run(...base, '--json', name, ...args)
  expect(stderr.split('\n').filter((line) => !/^(\S+: times|report: |$)/.test(line) && !line.includes('.csv'))).toEqual(
    [],
  )
  expect(code).toBe(0)
  return read(name)
}

const methods = [
  'persistence',
  'seasonal-persistence',
  'climatology',
  'damped-persistence',
  'ridge',
  'source-only',
  'coral',
  'mmd',
  'finetune',
  'target-only',
]

/** Every number anywhere in a value. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

/** What two runs must have in common. */
function repeatable(result: AdaptResult) {
  return { ...result, settings: { ...result.settings, date: undefined, seconds: undefined } }
}

describe('adapt', () => {
  let outcome: Outcome
  let result: AdaptResult
  beforeAll(async () => {
    outcome = await run(...base, '--json', 'all.json', '--report', 'all.html', '--save', 'model.lb')
    result = read('all.json')
  })

  it('writes every row of the contract, finite, with a ratio to source-only', () => {
    expect(outcome.code).toBe(0)
    expect(result.rows.map(({ method }) => method)).toEqual(methods)
    for (const { method, rmse, mae, ratio, leads } of result.rows) {
      expect(numbersIn({ rmse, mae, ratio, leads }).every(Number.isFinite)).toBe(true)
      expect(numbersIn({ rmse, mae }).map((value) => value >= 0)).toEqual([true, true, true, true])
      expect(leads.rmse).toHaveLength(3)
      expect(leads.rmse.at(-1)).toBeCloseTo(rmse.mean, 6)
      if (method === 'source-only') expect(ratio).toBeUndefined()
      else expect(ratio!.low <= ratio!.mean && ratio!.mean <= ratio!.high).toBe(true)
    }
    expect(result.settings).toMatchObject({ history: 6, horizon: 3, seeds: [0], targetLabels: '5d' })
  })

  it('scores persistence as a naive program does', () => {
    const { rows } = station({ lag: 3, offset: 15, seed: 2 })
    const pm = rows.map(([, value]) => Number(value)) // NaN where missing
    const errors: number[] = []
    for (let origin = 480 + 5; origin + 3 < 600; origin++) {
      const seen = pm.slice(origin - 23, origin + 4) // the day before too: seasonal persistence needs it
      const labels = [...pm.slice(origin, origin + 4), ...pm.slice(origin - 23, origin - 20)]
      if (seen.length === 27 && !labels.some(Number.isNaN)) errors.push(pm[origin + 3]! - pm[origin]!)
    }
    const persistence = result.rows[0]!
    expect(result.settings.windows.test).toBe(errors.length)
    const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
    expect(persistence.rmse.mean).toBeCloseTo(rmse, 8)
  })

  it('prints the table, and nothing else, to standard output; no progress bar where there is no terminal', () => {
    for (const method of methods) expect(outcome.stdout).toMatch(new RegExp(`^${method} `, 'm'))
    expect(outcome.stdout + outcome.stderr).not.toMatch(/[\r\u001b█]/) // eslint-disable-line no-control-regex
    expect(outcome.stderr).toMatch(/a\.csv: .*time/)
    expect(outcome.stderr).toMatch(/b\.csv: .*time/)
  })

  it('makes a page that needs nothing else', () => {
    const html = readFileSync(join(folder, 'all.html'), 'utf8')
    expect(html.match(/<svg/g)!.length).toBeGreaterThan(2)
    expect(html).not.toMatch(/(src|href)="(?!#|data:)|@import|url\((?!#|data:)|<script[^>]+src/)
    for (const method of methods) expect(html).toContain(method)
  })

  it('gives the same numbers again', async () => {
    expect(repeatable(await adapt('again.json'))).toEqual(repeatable(result))
  })

  it('leaves no other file behind', () => {
    expect(
      readdirSync(folder)
        .filter((name) => /tmp|all|model/.test(name))
        .sort(),
    ).toEqual(
      ['all.html', 'all.json', 'model.lb'], // prettier-ignore
    )
  })
})

describe('options', () => {
  const rows = (result: AdaptResult) => result.rows.map(({ method }) => method).slice(5)

  it('--method chooses rows, source-only always among them; a method named twice runs once', async () => {
    const result = await adapt('one.json', '--method', 'mmd,mmd')
    expect(rows(result)).toEqual(['source-only', 'mmd'])
    expect(result.rows.map(({ seeds }) => seeds)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it('--source may come twice, and gzip is read', async () => {
    const one = await adapt('one-source.json', '--method', 'source-only')
    const two = await adapt('two.json', '--source', 'c.csv', '--method', 'source-only')
    expect(two.settings.source).toEqual(['a.csv', 'c.csv'])
    expect(two.settings.windows.source.train).toBeGreaterThan(1.9 * one.settings.windows.source.train)
    const gz = await adapt('gz.json', '--target', 'b.csv.gz', '--method', 'source-only')
    expect(gz.rows).toEqual(one.rows)
  })

  it('--where, --source-where and --target-where choose rows of one file', async () => {
    const [a, b] = [station(), station({ lag: 3, offset: 15, seed: 2 })]
    const tagged = (table: Station, site: string, kind: string) => table.rows.map((row) => [...row, site, kind])
    const both = [...tagged(a, 'Old Town', 'x'), ...tagged(b, 'Harbour', 'x')]
    write('both.csv', { header: [...a.header, 'site', 'kind'], rows: [...both, ...tagged(a, 'Harbour', 'y')] })
    const where = ['--where', 'kind=x', '--source-where', 'site=Old Town', '--target-where', 'site=Harbour']
    const files = ['--source', 'both.csv', '--target', 'both.csv', '--exclude', 'site,kind']
    const args = ['adapt', ...files, ...fast, '--method', 'source-only', '--json', 'where.json', ...where]
    expect((await run(...args)).code).toBe(0)
    const [filtered, plain] = [read('where.json'), await adapt('plain.json', '--method', 'source-only')]
    expect(filtered.rows).toEqual(plain.rows)
    expect(filtered.settings.source).toEqual(['both.csv where kind=x where site=Old Town'])
  })

  it('--features and --exclude choose columns, --derive makes them', async () => {
    const only = await adapt('features.json', '--method', 'source-only', '--features', 'TEMP')
    expect(only.settings.features.some((name) => name.startsWith('wd'))).toBe(false)
    expect(only.settings.features).toContain('TEMP')
    const without = await adapt('exclude.json', '--method', 'source-only', '--exclude', 'wd')
    expect(without.settings.features).toEqual(only.settings.features)
    expect(without.rows).toEqual(only.rows)
    const derived = await adapt(
      'derive.json',
      '--method',
      'source-only',
      '--derive',
      'K=TEMP+273.15',
      '--features',
      'K',
    )
    expect(derived.settings.features).toContain('K')
    expect(derived.settings.features).not.toContain('TEMP')
  })

  it('--split and --target-labels say what is whose', async () => {
    const result = await adapt('split.json', '--split', '2020-01-17,2020-01-22', '--target-labels', '3d')
    const split = ['2020-01-17T00:00:00.000Z', '2020-01-22T00:00:00.000Z']
    expect(result.settings.split).toEqual({ source: split, target: split })
    expect(result.settings.targetLabels).toBe('3d')
    // 72 hours; the last fifth, 14, for early stopping; windows of 6 + 3 lie inside one of the two;
    // row 276 has no label
    expect(result.settings.windows.target.labelled).toBe(58 - 8 - 4 + (14 - 8))
  })

  it('--time takes one column or its parts', async () => {
    const parts = ({ header, rows }: Station): Station => ({
      header: ['y', 'm', 'd', 'h', ...header.slice(1)],
      rows: rows.map(([time = '', ...rest]) => [...time.split(/[- :]/).slice(0, 4), ...rest]),
    })
    write('pa.csv', parts(station()))
    write('pb.csv', parts(station({ lag: 3, offset: 15, seed: 2 })))
    const args = [
      '--source',
      'pa.csv',
      '--target',
      'pb.csv',
      ...fast,
      '--method',
      'source-only',
      '--json',
      'parts.json',
    ]
    const { code, stderr } = await run('adapt', ...args, '--time', 'y,m,d,h')
    expect([code, stderr.includes('pa.csv')]).toEqual([0, true])
    const plain = await adapt('time.json', '--method', 'source-only', '--time', 'time')
    expect(read('parts.json').rows).toEqual(plain.rows)
  })
})

describe('predict', () => {
  it('forecasts what follows the table, one line per lead, as text and as JSON', async () => {
    const { code, stdout, stderr } = await run('predict', 'model.lb', '--input', 'b.csv')
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.trim().split('\n')
    expect(lines[0]).toBe('time,PM')
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(
      ['2020-01-28 00:00', '2020-01-28 01:00', '2020-01-28 02:00'], // prettier-ignore
    )
    const json = await run('predict', 'model.lb', '--input', 'b.csv', '--json')
    const { origin, steps } = JSON.parse(json.stdout) as { origin: string; steps: { value: number }[] }
    expect(origin).toBe('2020-01-27 23:00')
    expect(steps.map(({ value }) => value.toPrecision(6))).toEqual(lines.slice(1).map((line) => line.split(',')[1]))
  })

  it("forecasts as the trained model did on the test windows: the report's sample", async () => {
    const { times, forecasts } = read('all.json').sample!
    const sample = forecasts.find(({ method }) => method === 'finetune')!.values
    const { header, rows } = station({ lag: 3, offset: 15, seed: 2 })
    for (const hour of [530, 560]) {
      write('until.csv', { header, rows: rows.slice(0, hour + 1) })
      const { stdout } = await run('predict', 'model.lb', '--input', 'until.csv', '--json')
      const { steps } = JSON.parse(stdout) as { steps: { time: string; value: number }[] }
      const at = times.findIndex((time) => time.slice(0, 16).replace('T', ' ') === steps[2]!.time)
      expect(sample[at]).toBeTypeOf('number')
      expect(steps[2]!.value).toBeCloseTo(sample[at]!, 3)
    }
  })
})

it('the demo: real weather, every row finite, the same each time, well under a minute', async () => {
  const demo = async (name: string) => {
    const { code, milliseconds, stderr } = await run('demo', '--seeds', '1', '--json', name, '--report', 'demo.html')
    expect([code, stderr.includes('Error')]).toEqual([0, false])
    expect(milliseconds).toBeLessThan(60_000)
    return read(name)
  }
  const first = await demo('demo.json')
  expect(first.rows.map(({ method }) => method)).toEqual(expect.arrayContaining(['source-only', 'mmd', 'target-only']))
  expect(numbersIn(first.rows.map(({ rmse, mae, ratio }) => [rmse, mae, ratio])).every(Number.isFinite)).toBe(true)
  expect(repeatable(await demo('demo-2.json'))).toEqual(repeatable(first))
})
