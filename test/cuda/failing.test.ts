/** A device that is missing, full or broken: sentences, and a process that goes on. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { devices, DeviceError, memory, tensor } from 'landbridge'
import { native } from '../../src/engine/native.js'
import { addonPath, runScript, transpiledSources } from '../support/child.js'
import { buildDeviceKernels, devicePrelude } from '../support/device.js'
import { loadEmulated } from '../support/emulated.js'

const there = loadEmulated()
let folder: string
let prelude: string
beforeAll(() => {
  folder = transpiledSources()
  if (there) prelude = devicePrelude(buildDeviceKernels())
})

async function outcomeOf(script: string, env: Record<string, string> = {}): Promise<unknown> {
  const { code, signal, stdout, stderr } = await runScript(folder, prelude + script, { env })
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

describe('CUDA that is not there', () => {
  const cuda = () => devices().find(({ device }) => device === 'cuda')

  test('is a sentence from devices(), quickly', () => {
    const started = performance.now()
    expect(cuda()?.description).toMatch(/\S/)
    if (cuda()?.available !== true) expect(performance.now() - started).toBeLessThan(2000)
  })

  test('is a DeviceError with that sentence wherever the device is asked for', () => {
    if (cuda()?.available === true) return
    const sentence = `expected a device that is there, received cuda: ${cuda()?.description}`
    expect(() => tensor([1], { device: 'cuda' })).toThrow(new DeviceError('tensor', ...halves(sentence)))
    expect(() => memory('cuda')).toThrow(`memory: ${sentence}`)
  })

  test('is named by its file where the build has no library', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'landbridge-addon-'))
    afterAll(() => rmSync(empty, { recursive: true }))
    const addon = join(empty, 'landbridge.node')
    copyFileSync(addonPath, addon)
    const script = `import { devices } from './index.js'; console.log(devices()[1].description)`
    const { stdout } = await runScript(folder, script, { env: { LANDBRIDGE_NATIVE: addon } })
    expect(stdout).toBe(
      `this build of landbridge has no CUDA library (${join(empty, 'landbridge-cuda.so')} is not there)\n`,
    )
  })

  const library = join(dirname(addonPath), 'landbridge-cuda.so')
  test.runIf(existsSync(library))('is told by the library that was built, which opens without a driver', () => {
    if (cuda()?.available === true) return
    expect(() => native.loadDevice(library)).toThrow(/driver|GPU/)
  })

  test('a file that is no device’s library is refused', () => {
    expect(() => native.loadDevice('/nowhere/landbridge-cuda.so')).toThrow('the library cannot be opened: /nowhere')
    expect(() => native.loadDevice(addonPath)).toThrow(`${addonPath} is no library of a landbridge device`)
  })

  test('the addon refuses devices that are not open', () => {
    expect(() => native.write(1, Float32Array.of(1))).toThrow('expected a device that is open, received another')
    expect(() => native.memory(7)).toThrow('expected a device that is open')
    expect(() => native.fence(1.5)).toThrow('expected a device that is open')
  })
})

function halves(sentence: string): [string, string] {
  const [, expected, received] = /^expected (.*?), received (.*)$/s.exec(sentence) ?? []
  return [expected ?? '', received ?? '']
}

describe.runIf(there)('device memory that is out', () => {
  test('is a clear error, and the process goes on', async () => {
    const result = await outcomeOf(
      `import { memory } from './index.js'
       const block = () => onDevice(new Float32Array(1_000_000))
       const tries = [attempt(() => (onDevice(new Float32Array(20_000_000)), 'fine'))]
       const kept = []
       tries.push(attempt(() => { for (;;) kept.push(block()) }))
       const many = kept.length
       const last = kept.at(-1)
       tries.push(attempt(() => call('device_append', [last], [1])), attempt(() => call('device_scratch', [onDevice([1])], [9e6]).dataSync()))
       kept.splice(0).forEach((x) => x.dispose())
       tries.push(attempt(() => (onDevice(new Float32Array(12_000_000)).dispose(), 'fine')))
       tries.push(attempt(() => String(call('device_scratch', [onDevice([1])], [12e6]).dataSync())))
       console.log(JSON.stringify({ tries, many, limit: memory('cuda-emulated').limitBytes }))`,
      { LANDBRIDGE_CUDA_MEMORY_LIMIT: '64000000' },
    )
    const { tries, many, limit } = result as { tries: string[]; many: number; limit: number }
    expect(limit).toBe(64e6)
    expect(many).toBe(15)
    expect(tries[0]).toBe(
      'tensor: expected a result that fits in memory, received 80000000 bytes, while 0 of at most 64000000 are in use ' +
        'on cuda-emulated, where 4294967288 are free',
    )
    expect(tries[1]).toMatch(
      /^tensor: expected a result that fits in memory, received 4000000 bytes, while 60000000 of/,
    )
    expect(tries[2]).toMatch(/^device_append: expected a result that fits in memory, received 4000000 bytes/)
    expect(tries[3]).toBe('device_scratch: out of memory for its workspace')
    expect(tries.slice(4)).toEqual(['fine', '1'])
  })

  test('frees what is cached before it is an error, in calls and in kernels', async () => {
    const script = `
       const fill = async () => {
         onDevice(new Float32Array(1_000_000)).dispose()
         call('device_scratch', [onDevice([1])], [3_000_000]).dispose()
         await native.fence(2)
       }
       const results = []
       for (const size of [700_000, 800_000]) {
         await fill()
         const before = emulation('bytes')
         emulation('fail allocations', 2) // once more after what is free was gathered
         results.push(attempt(() => (onDevice(new Float32Array(size)), 'fine')), emulation('bytes') < before)
       }
       await fill()
       emulation('fail allocations', 1)
       results.push(attempt(() => String(call('device_scratch', [onDevice([5])], [1_500_000]).dataSync())))
       emulation('fail allocations', 9)
       results.push(attempt(() => (onDevice(new Float32Array(5_000_000)), 'fine')).replace(/received.*/, ''))
       emulation('fail allocations', 0)
       results.push(attempt(() => (onDevice(new Float32Array(5_000_000)), 'fine')))
       console.log(JSON.stringify(results))`
    expect(await outcomeOf(script)).toEqual([
      'fine',
      true,
      'fine',
      true,
      '5',
      'tensor: expected a result that fits in memory, ',
      'fine',
    ])
  })
})

describe.runIf(there)('no room', () => {
  test('for an event: the stream is waited for', async () => {
    const results = await outcomeOf(
      `import { full } from './index.js'
       const on = [full([3_000_000], 2, { device: 'cuda-emulated' }), onDevice([1]), onDevice([])]
       emulation('fail allocations', 3)
       const values = [on[0].dataSync(), on[1].dataSync(), await on[2].data()]
       console.log(JSON.stringify([emulation('fail allocations'), ...values.map((each) => [each.length, each.at(-1) ?? 0])]))`,
    )
    expect(results).toEqual([0, [3_000_000, 2], [1, 1], [0, 0]])
  })

  test('for a stream is an error of that call only', async () => {
    const results = await outcomeOf(
      `const results = []
       for (const failures of [1, 0]) {
         emulation('fail allocations', failures)
         results.push(attempt(() => String(onDevice([1]).dataSync())))
       }
       console.log(JSON.stringify(results))`,
    )
    expect(results).toEqual([expect.stringMatching(/out of memory: the device has none left for a stream/), '1'])
  })
})

describe.runIf(there)('a device that breaks', () => {
  const sentence =
    'cuda-emulated: an illegal memory access was encountered; this process cannot use the device any more'

  test('is one sentence from every later call, while the CPU goes on', async () => {
    const script = `
       import { ready, ops } from './index.js'
       const w = onDevice([1])
       const pending = [w.data(), onDevice(new Float32Array(5_000_000)).data()]
       await Promise.all(pending)
       native.graph(2, true)
       call('device_append', [w], [1])
       emulation('break', 1)
       native.graph(2, false)
       const tries = []
       tries.push(await w.data().catch((error) => error.message))
       tries.push(attempt(() => call('device_append', [w], [1]).dataSync()))
       tries.push(attempt(() => onDevice([1]).dataSync()))
       const heard = [] // ready awaits what was issued two calls ago
       while (heard.length === 0) await ready('cuda-emulated').catch((error) => heard.push(error.message))
       tries.push(...heard)
       tries.push(attempt(() => onDevice(new Float32Array(9_000_000)).dataSync()))
       const many = Array.from({ length: 3000 }, (_, i) => (async () => call('device_append', [w], [i]).data())().catch((e) => e.message))
       tries.push(...new Set(await Promise.all(many)))
       for (let i = 0; i < 20; i++) attempt(() => onDevice(new Float32Array(2_000_000)))
       console.log(JSON.stringify([tries, [...ops.add(tensor([1]), 1).dataSync()]]))`
    expect(await outcomeOf(script)).toEqual([new Array<string>(6).fill(sentence), [2]])
  })

  test('a mistake in a kernel that a graph launched breaks it, as on a GPU', async () => {
    const script = `
       native.graph(2, true)
       call('device_overrun', [onDevice([1])])
       native.graph(2, false)
       console.log(JSON.stringify(attempt(() => onDevice([1]).dataSync())))`
    expect(await outcomeOf(script)).toBe(sentence)
  })

  test('reads that were under way reject, and the program ends by itself', async () => {
    const script = `
       emulation('milliseconds per event', 50)
       const reads = [1, 2, 3].map((value) => onDevice([value]).data().catch((error) => error.message))
       emulation('break', 1)
       console.log(JSON.stringify([...new Set(await Promise.all(reads))]))`
    expect(await outcomeOf(script)).toEqual([sentence])
  })
})
