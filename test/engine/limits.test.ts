/** The edges of the machine: memory that is out, instruction sets that do not exist, any number of threads. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memory, ops, setThreads, tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'
import { native } from '../../src/engine/native.js'
import { runScript, transpiledSources } from '../support/child.js'

let folder: string
beforeAll(() => {
  folder = transpiledSources()
})
const threads = native.threads()
afterAll(() => setThreads(threads))

test('memory that is out is a clear error, and the process goes on', async () => {
  const { code, stdout, stderr } = await runScript(
    folder,
    `import { memory, ones, ops } from './index.js'
     const tries = []
     const attempt = (f) => { try { f(); tries.push('fine') } catch (error) { tries.push(error.message) } }
     attempt(() => ones([30_000_000]))
     attempt(() => ops.add(ones([2, 1, 1000, 1000]), ones([1, 10, 1, 1])))
     const kept = []
     attempt(() => { for (;;) kept.push(ones([1_000_000])) })
     kept.splice(0).forEach((x) => x.dispose())
     attempt(() => ones([10_000_000]).dispose())
     console.log(JSON.stringify([tries, ops.add(ones([3]), 1).dataSync().length, memory().limitBytes]))`,
    { env: { LANDBRIDGE_MEMORY_LIMIT: '64000000' } },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [tries, size, limit] = JSON.parse(stdout) as [string[], number, number]
  expect(limit).toBe(64e6)
  expect(tries[0]).toBe(
    'ones: expected a result that fits in memory, received 120000000 bytes, while 0 of at most 64000000 are in use',
  )
  expect(tries[1]).toMatch(/^add: expected a result that fits in memory, received 80000000 bytes/)
  expect(tries[2]).toMatch(
    /^ones: expected a result that fits in memory, received 4000000 bytes, while \d+ of at most 64000000 are in use$/,
  )
  expect(tries[3]).toBe('fine')
  expect(size).toBe(3)
})

test('a limit that is no number is refused aloud', async () => {
  const script = `import { memory } from './index.js'; console.log(memory().limitBytes > 2 ** 27)`
  const outcome = await runScript(folder, script, { env: { LANDBRIDGE_MEMORY_LIMIT: '1g' } })
  expect(outcome.stderr).toBe('landbridge: LANDBRIDGE_MEMORY_LIMIT: expected a number of bytes, received 1g; ignored\n')
  expect(outcome.stdout).toBe('true\n')
})

test.each(['0', '1000', 'all'])('%s threads are refused aloud', async (threads) => {
  const script = `import { native } from './engine/native.js'; console.log(native.threads() > 0)`
  const { stdout, stderr } = await runScript(folder, script, { env: { LANDBRIDGE_THREADS: threads } })
  expect(stderr).toBe(`landbridge: LANDBRIDGE_THREADS: expected 1 to 256, received ${threads}; ignored\n`)
  expect(stdout).toBe('true\n')
})

test('an instruction set that does not exist is refused aloud; one that does caps the choice', async () => {
  const script = `import { native } from './engine/native.js'; console.log(native.info().isa)`
  const nonsense = await runScript(folder, script, { env: { LANDBRIDGE_ISA: 'avx1024' } })
  expect(nonsense.stderr).toBe(
    'landbridge: LANDBRIDGE_ISA: expected baseline, avx2 or avx512, received avx1024; ignored\n',
  )
  const capped = await runScript(folder, script, { env: { LANDBRIDGE_ISA: 'baseline' } })
  expect(capped).toMatchObject({ stderr: '', stdout: 'baseline\n' })
})

test('setThreads checks its argument', () => {
  for (const count of [0, 257, 1.5, NaN]) {
    expect(() => setThreads(count)).toThrow(`setThreads: expected an integer from 1 to 256, received ${count}`)
  }
})

const random = (seed: number, shape: number[]): Tensor => {
  const next = seeded(seed)
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * next() - 1)
  return tensor(values, { shape })
}

const programs: Record<string, () => Tensor> = {
  matmul: () => ops.matmul(random(1, [331, 257]), random(2, [257, 401])),
  'batched, transposed matmul': () =>
    ops.matmul(random(3, [7, 65, 33]), random(4, [19, 65]), { transposeB: true, transposeA: true }),
  mmd: () => ops.mmd(random(5, [211, 37]), random(6, [157, 37])),
  'sum of all': () => ops.sum(random(7, [1_000_003])),
  'sum of an axis': () => ops.sum(random(8, [1009, 37, 11]), { axis: 1 }),
  'gradient of mmd': () => {
    const x = random(9, [101, 13])
    x.requiresGrad = true
    ops.mmd(x, random(10, [97, 13])).backward()
    return x.grad as Tensor
  },
}

for (const [name, program] of Object.entries(programs)) {
  test(`${name}: the same bits on 1, 2 and 5 threads`, () => {
    const [one, two, five] = [1, 2, 5].map((count) => {
      setThreads(count)
      return new Uint8Array(program().dataSync().buffer)
    })
    expect(Buffer.compare(two as Uint8Array, one as Uint8Array)).toBe(0)
    expect(Buffer.compare(five as Uint8Array, one as Uint8Array)).toBe(0)
  })
}

test('allocations of many sizes, freed in any order, never overlap', () => {
  const before = memory().liveBytes
  const next = seeded(11)
  const live: { x: Tensor; mark: number; size: number }[] = []
  const check = ({ x, mark, size }: (typeof live)[number]) => {
    const values = x.dataSync()
    expect(values.length).toBe(size)
    expect(values.every((value) => value === mark)).toBe(true)
    x.dispose()
  }
  for (let i = 0; i < 3000; i++) {
    const size = Math.floor(2 ** (next() * 16)) - (next() < 0.05 ? 1 : 0)
    const x = tensor(new Float32Array(size).fill(i))
    live.push(next() < 0.5 ? { x, mark: i, size } : { x: ops.add(x, 1), mark: i + 1, size })
    if (live.length > 60) check(live.splice(Math.floor(next() * live.length), 1)[0] as (typeof live)[number])
  }
  live.forEach(check)
  expect(memory().liveBytes).toBeLessThan(before + 400e6)
})

test('memory counts what lives', () => {
  const before = memory()
  const x = tensor(new Float32Array(1000))
  expect(memory().liveBytes - before.liveBytes).toBe(4000)
  expect(memory().liveBuffers - before.liveBuffers).toBe(1)
  const view = x.reshape({ shape: [10, 100] })
  expect(memory().liveBuffers - before.liveBuffers).toBe(1)
  x.dispose()
  expect(memory().liveBytes - before.liveBytes).toBe(4000)
  view.dispose()
  expect(memory()).toMatchObject({ liveBytes: before.liveBytes, liveBuffers: before.liveBuffers })
})
