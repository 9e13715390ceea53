/** Copies between devices that fail, and environments that end on the way: who hears of what. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { KernelError, memory, ready, tensor } from 'landbridge'
import { addonPath, runScript, transpiledSources } from '../support/child.js'
import { buildDeviceKernels, calm, devicePrelude, emulation, loadDevice, onDevice, settle } from '../support/device.js'
import { call, loadTestKernels } from '../support/kernels.js'

const device = 'cuda-emulated'
const there = loadDevice()
let folder: string
let kernels: string
beforeAll(() => {
  folder = transpiledSources()
  kernels = buildDeviceKernels()
  loadTestKernels()
})

beforeEach(calm)

const bad = {
  cpu: () => call('test_fail', [tensor([1])]),
  [device]: () => call('device_fail', [onDevice([1])]),
}

describe.runIf(there).each([
  ['cpu', device, 'test_fail: on purpose'],
  [device, 'cpu', 'device_fail: on purpose'],
] as const)('a failure on its way from %s to %s', (from, to, sentence) => {
  test('is told where the copy is read, with the name of what failed first', async () => {
    const copy = bad[from]().to(to)
    await expect(copy.data()).rejects.toThrow(new KernelError(sentence))
    const later = copy.add(1).to(from)
    await expect(later.data()).rejects.toThrow(sentence)
  })

  test('is told once', async () => {
    const copy = bad[from]().to(to)
    expect(() => copy.dataSync()).toThrow(sentence)
    await settle()
    await ready()
    await ready(device)
    expect(tensor([2], { device: from }).itemSync()).toBe(2)
    expect(tensor([2], { device: to }).itemSync()).toBe(2)
  })

  test('is told once, even where the source was read before', async () => {
    const source = bad[from]()
    expect(() => source.dataSync()).toThrow(sentence)
    const copy = source.to(to)
    expect(tensor([2], { device: to }).itemSync()).toBe(2)
    expect(() => copy.dataSync()).toThrow(sentence)
  })

  test('is told by a later read there, when nobody reads the copy', () => {
    bad[from]().to(to)
    const other = tensor([3], { device: to })
    expect(() => other.dataSync()).toThrow(sentence)
    expect(other.itemSync()).toBe(3)
  })

  test('is told by ready, when nobody reads at all', async () => {
    bad[from]().to(to)
    await settle()
    await expect(ready(to)).rejects.toThrow(sentence)
    await ready(to)
  })

  test('of another value stays where it is', async () => {
    const good = tensor([3], { device: from })
    bad[from]()
    const copy = good.to(to)
    expect(await copy.item()).toBe(3)
    await expect(good.data()).rejects.toThrow(sentence)
    expect(await good.item()).toBe(3)
  })
})

describe.runIf(there)('reports', () => {
  const sentence = 'device_report: expected 100 % of values ≥ 0, received -3'

  test('of kernels go along with the next value, once, and poison nothing', async () => {
    const x = call('device_report', [onDevice([-3])])
    const [y, z] = [x.to('cpu'), x.to('cpu')]
    await expect(z.data()).rejects.toThrow(sentence)
    expect([await y.item(), await z.item(), await x.item()]).toEqual([-3, -3, -3])
  })
})

describe.runIf(there)('memory that is out', () => {
  test('is a clear error of the call, and the process goes on', async () => {
    const script = `${devicePrelude(kernels)}
      const large = tensor(new Float32Array(1_000_000))
      const refused = [attempt(() => (large.to('cuda-emulated'), 'fine'))]
      const there = onDevice([3])
      const kept = []
      refused.push(attempt(() => { for (;;) kept.push(tensor(new Float32Array(500_000))) }))
      kept.pop().dispose()
      const x = onDevice(new Float32Array(500_000))
      refused.push(attempt(() => (x.to('cpu'), 'fine')))
      kept.splice(0).forEach((each) => each.dispose())
      const after = [attempt(() => String(there.to('cpu').dataSync())), x.to('cpu').dataSync().length]
      console.log(JSON.stringify({ refused, after }))`
    const env = { LANDBRIDGE_CUDA_MEMORY_LIMIT: '3000000', LANDBRIDGE_MEMORY_LIMIT: '20000000' }
    const { stdout, stderr, code } = await runScript(folder, script, { env })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const { refused, after } = JSON.parse(stdout) as { refused: string[]; after: unknown[] }
    expect(refused[0]).toMatch(
      /^to: expected a result that fits in memory, received 4000000 bytes, .* on cuda-emulated/,
    )
    expect(refused[1]).toMatch(/^tensor: expected a result that fits in memory/)
    expect(refused[2]).toMatch(
      /^to: expected a result that fits in memory, received 2000000 bytes, while \d+ of at most/,
    )
    expect(after).toEqual(['3', 500_000])
  })

  test('moves no parameter', async () => {
    const script = `${devicePrelude(kernels)}
      import { nn } from './index.js'
      const module = new nn.Sequential(new nn.Linear(10, 10), new nn.Linear(1000, 1000))
      const tries = [attempt(() => (module.to('cuda-emulated'), 'fine'))]
      tries.push(...new Set(module.parameters().map(({ device }) => device)), module.parameters()[0].dataSync().length)
      console.log(JSON.stringify(tries))`
    const env = { LANDBRIDGE_CUDA_MEMORY_LIMIT: '3000000' }
    const { stdout, stderr } = await runScript(folder, script, { env })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([expect.stringMatching(/fits in memory, received 4000000/), 'cpu', 100])
  })
})

describe.runIf(there)('a device that breaks', () => {
  test('fails the copies that wait for it, and the CPU goes on', async () => {
    const script = `${devicePrelude(kernels)}
      const [x, host] = [onDevice([1]), tensor([2])]
      emulation('milliseconds per event', 200)
      const copies = [host.to('cuda-emulated')]
      call('emulation', [tensor([0])], [numbers.indexOf('break'), 1]) // nobody waits: the next copies do
      copies.push(x.to('cpu'), x.to('cpu'))
      const told = [attempt(() => x.to('cpu').dataSync()), attempt(() => host.to('cuda-emulated').dataSync())]
      for (const copy of copies) told.push(await copy.data().then(String, (error) => error.message))
      console.log(JSON.stringify([...new Set(told), String(await host.add(1).data())]))`
    const { stdout, stderr } = await runScript(folder, script)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual([expect.stringMatching(/^cuda-emulated: an illegal memory access/), '3'])
  })
})

describe.runIf(there)('a worker', () => {
  // This process has loaded the kernels already.
  const script = (body: string) => `${devicePrelude(kernels).replace(/loadKernels\(.*\)/, '')}
    import { parentPort } from 'node:worker_threads'
    ${body}
    parentPort.postMessage('started')
    setInterval(() => {}, 1000)`

  const endings = {
    'the device waits for the CPU': `
      call('test_sleep', [tensor([1])], [400]).to('cuda-emulated').to('cpu').to('cuda-emulated')`,
    'the CPU waits for the device': `onDevice([1]).to('cpu').to('cuda-emulated').to('cpu')`,
    'the CPU waits, and much is queued': `
      let y = onDevice(new Float32Array(1_000_000))
      for (let i = 0; i < 30; i++) y = y.to(i % 2 ? 'cuda-emulated' : 'cpu')`,
  }

  test.each(Object.entries(endings))('ends while %s, and nothing leaks', async (name, body) => {
    const held = () =>
      [memory(), memory(device)].map(({ liveBytes, pooledBytes }) => ({
        live: liveBytes,
        all: liveBytes + pooledBytes,
      }))
    const before = held()
    let first = before
    emulation('milliseconds per event', 400)
    const file = join(folder, `${name}.mjs`)
    writeFileSync(file, script(body))
    const env = { ...process.env, NODE_OPTIONS: '', LANDBRIDGE_NATIVE: addonPath }
    for (let i = 0; i < 4; i++) {
      const worker = new Worker(file, { env, execArgv: [] })
      await once(worker, 'message')
      const started = performance.now()
      await worker.terminate()
      expect(performance.now() - started).toBeLessThan(5000)
      if (i === 0) first = held()
    }
    emulation('milliseconds per event', 0)
    held().forEach(({ live, all }, i) => {
      expect(live).toBeLessThanOrEqual(before[i]!.live)
      expect(all - first[i]!.all).toBeLessThan(20_000_000)
    })
    expect(onDevice([4]).to('cpu').itemSync()).toBe(4)
  })
})
