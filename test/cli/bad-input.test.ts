/** Every mistake ends with a status that is not 0 and one sentence on standard error; what existed stays. */
import { exec } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { devices } from 'landbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installedCli, outcomeOf } from '../support/cli.js'
import { altered, csv, station, type Station } from '../support/stations.js'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-bad-'))
afterAll(() => rmSync(folder, { recursive: true }))
const cli = installedCli()
const run = (args: readonly string[]) => cli(args, { cwd: folder })

const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)
const [a, b] = [station(), station({ lag: 3, offset: 15, seed: 2 })]
const everywhere = { from: 0, to: 600 }
const without = ({ header, rows }: Station, column: string): Station => {
  const at = header.indexOf(column)
  return { header: header.filter((_, i) => i !== at), rows: rows.map((row) => row.filter((_, i) => i !== at)) }
}

write('a.csv', csv(a))
write('b.csv', csv(b))
write('short.csv', csv({ ...b, rows: b.rows.slice(0, 20) }))
write('truncated.csv.gz', gzipSync(csv(b)).subarray(0, 2000))
write('plain.csv.gz', csv(b))
write('latin1.csv', Buffer.concat([Buffer.from(csv(b)), Buffer.from('2020-02-01 00:00,50,10,\xd6\n', 'latin1')]))
write('ragged.csv', csv({ ...b, rows: b.rows.map((row, i) => (i === 99 ? row.slice(0, 2) : row)) }))
write('constant.csv', csv(altered(a, everywhere, () => '7')))
write('empty-column.csv', csv(altered(a, everywhere, () => 'NA')))
write('no-temp.csv', csv(without(b, 'TEMP')))
write('no-pm.csv', csv(without(b, 'PM')))
write('twice.csv', csv({ ...b, rows: [...b.rows, b.rows[599]!] }))
write('text.csv', csv(altered(a, { from: 9, to: 10 }, () => 'many')))
write('nothing.csv', '')
write('header.csv', 'time,PM,TEMP,wd\n')

const fast = ['--history', '6', '--horizon', '3', '--seeds', '1', '--epochs', '1', '--method', 'source-only']
const adapt = (options: Record<string, string | undefined>) => [
  ...['adapt', ...fast],
  ...Object.entries({ source: 'a.csv', target: 'b.csv', predict: 'PM', ...options }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  ),
]

/** Notes on the tables may come first; then one line that begins with the program's name, and no stack. */
function sentence(stderr: string): string {
  const lines = stderr.trim().split('\n')
  expect(stderr).not.toMatch(/^\s+at |\.js:\d+|TypeError|ReferenceError/m)
  expect(lines.filter((line) => line.startsWith('landbridge: '))).toHaveLength(1)
  expect(lines.at(-1)).toMatch(/^landbridge: .+/)
  return lines.at(-1)!
}

async function refuses(args: readonly string[], message: string | RegExp): Promise<void> {
  const { code, signal, stdout, stderr } = await run(args)
  expect(sentence(stderr)).toMatch(message)
  expect([code === 1 || code === 2, signal, stdout]).toEqual([true, null, ''])
}

/** Where there is a device, it is used. */
const withoutCuda: [string, readonly string[], RegExp][] = devices().some(
  (each) => each.device === 'cuda' && each.available,
)
  ? []
  : [
      [
        '--device cuda',
        adapt({ device: 'cuda' }),
        /^landbridge: adapt: expected a device that is there, received cuda: .+/,
      ],
    ]

describe('the command line', () => {
  const cases: [string, readonly string[], string | RegExp][] = [
    ['an unknown command', ['adopt'], 'expected adapt, predict, demo or doctor, received "adopt"'],
    ['an unknown option', ['adapt', '--sauce', 'a.csv'], /Unknown option '--sauce'/],
    ['an argument that belongs nowhere', [...adapt({}), 'c.csv'], /c\.csv/],
    ['an option without its value', ['adapt', '--source'], /--source/],
    ['no --source', ['adapt', '--target', 'b.csv', '--predict', 'PM'], '--source is required'],
    ['no --target', adapt({ target: undefined }), '--target is required'],
    ['no --predict', adapt({ predict: undefined }), '--predict is required'],
    ...['abc', '0', '-1', '1.5', 'NaN', '', 'Infinity'].flatMap((value) =>
      (value === '0' ? ['horizon', 'seeds', 'epochs', 'history'] : ['horizon']).map(
        (name): [string, readonly string[], string] => [
          `--${name} ${value}`,
          [...adapt({}), `--${name}=${value}`],
          `--${name}: expected an integer of at least 1, received "${value}"`,
        ],
      ),
    ),
    ['--max-gap −1', [...adapt({}), '--max-gap=-1'], '--max-gap: expected an integer of at least 0, received "-1"'],
    ['--method nonsense', adapt({ method: 'nonsense' }), /--method: expected source-only, coral, mmd, finetune, received "nonsense"/], // prettier-ignore
    ['--method mmd,', adapt({ method: 'mmd,' }), /--method: expected .*, received ""/],
    ['--device tpu', adapt({ device: 'tpu' }), '--device: expected cpu, cuda, received "tpu"'],
    ['--precision fp8', adapt({ precision: 'fp8' }), '--precision: expected float32, tf32, bf16, received "fp8"'],
    ...withoutCuda,
    ['--target-labels soon', adapt({ 'target-labels': 'soon' }), '--target-labels: expected a duration such as 30d'],
    ['--split with one time', adapt({ split: '2020-01-10' }), '--split: expected two times T1,T2'],
    ['--split backwards', adapt({ split: '2020-01-20,2020-01-10' }), 'expected two dates, the earlier first'],
    ['--split of no dates', adapt({ split: 'a,b' }), /a/],
    ['--split outside', adapt({ split: '2010-01-01,2011-01-01' }), 'dates inside the common span'],
    ['--where without a value', adapt({ where: 'wd' }), /wd/],
    ['--where that chooses nothing', adapt({ where: 'wd=NNW' }), /where "wd=NNW" leaves none of 600 rows/],
    ['--derive of nonsense', adapt({ derive: 'T=(temp' }), 'the expression "(temp" has unbalanced parentheses'],
    ['predict without a model', ['predict', '--input', 'b.csv'], 'expected a model file, received none'],
    ['predict without --input', ['predict', 'b.csv'], '--input is required'],
    ['a demo with seeds that are no number', ['demo', '--seeds', 'many'], '--seeds: expected an integer'],
  ]
  it.concurrent.each(cases)('%s', async (_, args, message) => refuses(args, message))
})

describe('tables', () => {
  const cases: [string, Record<string, string>, string | RegExp][] = [
    ['a missing file', { target: 'c.csv' }, 'c.csv: there is no such file'],
    ['a folder', { target: '.' }, 'expected a file, found a directory'],
    ['an empty file', { target: 'nothing.csv' }, 'nothing.csv: the file is empty'],
    ['a header alone', { target: 'header.csv' }, 'header.csv: expected rows below the header, found none'],
    ['a truncated gzip file', { target: 'truncated.csv.gz' }, 'truncated.csv.gz: the gzip file is truncated'],
    ['gzip by name alone', { target: 'plain.csv.gz' }, 'plain.csv.gz: expected a gzip file as its name says'],
    ['text that is not UTF-8', { target: 'latin1.csv' }, /latin1\.csv, row 602.*UTF-8/],
    ['ragged rows', { target: 'ragged.csv' }, /ragged\.csv, row 101: .*4.*2/],
    ['an unknown column', { predict: 'PM10' }, /a\.csv.*PM10.*PM/],
    ['an unknown feature', { features: 'HUMI' }, /a\.csv.*HUMI/],
    ['a time column that is none', { time: 'when' }, /when/],
    ['a time that comes twice', { target: 'twice.csv' }, /twice\.csv, row 602: .*a second time/],
    ['too few rows for a window', { target: 'short.csv' }, /expected/],
    ['a horizon longer than the table', { horizon: '5000' }, /expected at least one window of 6 \+ 5000 steps, found none/], // prettier-ignore
    ['a constant column', { source: 'constant.csv' }, 'constant.csv, column PM: expected values that change, found only 7'], // prettier-ignore
    ['a column without values', { source: 'empty-column.csv' }, /empty-column\.csv, column PM: expected values to predict, found none/], // prettier-ignore
    ['a target column without values', { target: 'empty-column.csv' }, /expected at least one window/],
    ['text among numbers', { source: 'text.csv' }, /text\.csv, row 11, column PM: expected numbers, found "many"/],
    ['a target without a feature of the source', { target: 'no-temp.csv' }, /no-temp\.csv: expected the source's columns, but .*TEMP.* is missing/], // prettier-ignore
    ['a target without the predicted column', { target: 'no-pm.csv' }, /no-pm\.csv: .*PM/],
    ['more labelled days than there are', { method: 'finetune', 'target-labels': '90d' }, /labelled/],
  ]
  it.concurrent.each(cases)('%s', async (_, options, message) => refuses(adapt(options), message))
})

describe('results', () => {
  it.each([
    ['a folder that is missing', { report: 'no/such/out.html' }, '--report: expected a file in a folder that can be'],
    ['a folder in place of a file', { json: '.' }, '--json: expected a file, received the folder "."'],
    ['one file for two results', { json: 'x', report: './x' }, '--json: expected a file of its own'],
    ['the file of a table', { save: 'a.csv' }, '--save: expected a file of its own, received that of a table'],
  ])('%s is refused before anything is read', async (_, options, message) => {
    const { code, stderr } = await run(adapt({ ...options, source: 'a.csv' }))
    expect(code).toBe(2)
    expect(sentence(stderr)).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('of the demo are checked before its training too', async () => {
    await refuses(['demo', '--json', 'no/such/demo.json'], '--json: expected a file in a folder')
  })

  it('that existed stay when a run fails', async () => {
    const old = { json: 'old.json', report: 'old.html', save: 'old.lb' }
    for (const name of Object.values(old)) write(name, `old ${name}`)
    await refuses(adapt({ ...old, target: 'ragged.csv' }), 'ragged.csv')
    for (const name of Object.values(old)) expect(readFileSync(join(folder, name), 'utf8')).toBe(`old ${name}`)
  })
})

describe('a model file', () => {
  let model: Buffer
  beforeAll(async () => {
    expect((await run(adapt({ save: 'good.lb' }))).code).toBe(0)
    model = readFileSync(join(folder, 'good.lb'))
  })
  const header = () => model.subarray(8, 8 + Number(model.readBigUInt64LE()))
  /** The file with another text in its header, of the same length. */
  const edited = (from: string, to: string) => {
    expect(header().toString()).toContain(from)
    const text = header().toString().replace(from, to.padEnd(from.length))
    return Buffer.concat([model.subarray(0, 8), Buffer.from(text), model.subarray(8 + header().length)])
  }

  it.each<[string, () => Uint8Array, RegExp]>([
    ['truncated', () => model.subarray(0, model.length - 100), /bad\.lb: tensor .*: expected data_offsets/],
    ['of a few bytes', () => model.subarray(0, 5), /bad\.lb: expected a safetensors file/],
    ['that is a table', () => Buffer.from(csv(b)), /bad\.lb: expected/],
    ['with a length that lies', () => Buffer.concat([Buffer.alloc(8, 0x7f), model.subarray(8)]), /bad\.lb: expected a header within/], // prettier-ignore
    ['of another format', () => edited('landbridge-forecaster-1', 'landbridge-forecaster-2'), /bad\.lb: expected a model saved by landbridge/], // prettier-ignore
    ['with a history that does not fit', () => edited('\\"history\\":6', '\\"history\\":7'), /bad\.lb: the tensors do not fit/], // prettier-ignore
    ['without a horizon', () => edited('\\"horizon\\"', '\\"horizan\\"'), /bad\.lb: expected/],
  ])('%s is refused', async (_, content, message) => {
    write('bad.lb', content())
    await refuses(['predict', 'bad.lb', '--input', 'b.csv'], message)
  })

  it('that is missing', async () => refuses(['predict', 'none.lb', '--input', 'b.csv'], /none\.lb/))

  it('with a table that does not fit', async () => {
    await refuses(['predict', 'good.lb', '--input', 'no-temp.csv'], /no-temp\.csv: expected the source's columns/)
    await refuses(['predict', 'good.lb', '--input', 'none.csv'], 'none.csv: there is no such file')
    write('three.csv', csv({ ...b, rows: b.rows.slice(-3) }))
    await refuses(['predict', 'good.lb', '--input', 'three.csv'], 'three.csv: expected 6 consecutive steps')
  })
})

describe('the process', () => {
  it('leaves nothing behind when interrupted while training', async () => {
    mkdirSync(join(folder, 'stopped'))
    write('stopped/out.json', 'old')
    const out = { json: 'stopped/out.json', report: 'stopped/out.html', save: 'stopped/out.lb' }
    const child = cli.start([...adapt({ ...out, epochs: '100000', method: 'mmd' })], { cwd: folder })
    const ended = outcomeOf(child)
    let notes = ''
    child.stderr!.on('data', (chunk: Buffer) => (notes += chunk.toString()))
    while (!notes.includes('b.csv')) await once(child.stderr!, 'data')
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGINT')
    const { code, signal, stdout } = await ended
    expect([code, signal]).not.toEqual([0, null])
    expect(stdout).toBe('')
    expect(readdirSync(join(folder, 'stopped'))).toEqual(['out.json'])
    expect(readFileSync(join(folder, 'stopped/out.json'), 'utf8')).toBe('old')
  })

  it('writes its files although nobody reads what it prints', async () => {
    const command = `${cli.command} ${adapt({ json: 'piped.json' }).join(' ')}`
    const shell = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      exec(`bash -o pipefail -c "${command} | true"`, { cwd: folder }, (error, _, stderr) => {
        resolve({ code: error?.code ?? 0, stderr })
      })
    })
    expect(shell.stderr).not.toMatch(/EPIPE|Error|\n\s+at /)
    expect(shell.code).toBe(0)
    expect(JSON.parse(readFileSync(join(folder, 'piped.json'), 'utf8'))).toHaveProperty('rows')
  })

  it('does not crash when head closes the pipe', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const command = `bash -o pipefail -c "${cli.command} ${adapt({}).join(' ')} | head -1"`
      exec(command, { cwd: folder }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr))
        else resolve(stdout)
      })
    })
    expect(text).toMatch(/^method +RMSE/)
  })
})
