/** Worker threads on one device: each has a stream of its own, blocks pass between them, and any may end at any moment. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, test } from 'vitest'
import { memory, ops } from 'landbridge'
import { addonPath, transpiledSources } from '../support/child.js'
import { emulation, loadDevice, onDevice } from '../support/device.js'
import { emulatedLibrary } from '../support/emulated.js'

const device = 'cuda-emulated'
const there = loadDevice()
let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

interface Work {
  steps: number
  size: number
  milliseconds?: number
}

function start(work: Work): Worker {
  const env = { ...process.env, NODE_OPTIONS: '', LANDBRIDGE_NATIVE: addonPath }
  const workerData = { folder, library: emulatedLibrary, ...work }
  return new Worker(new URL('../support/deviceWorker.mjs', import.meta.url), { workerData, env, execArgv: [] })
}

async function resultOf(worker: Worker): Promise<number[]> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [number[] | 'started']
    if (message !== 'started') return message
  }
}

describe.runIf(there)('workers', () => {
  test('share the device, and the blocks of those that ended serve the others', async () => {
    const work = { steps: 97, size: 3000 }
    const [a, b] = await Promise.all(
      [start(work), start(work)].map(async (worker) => {
        const result = await resultOf(worker)
        await worker.terminate()
        return result
      }),
    )
    expect(a).toEqual(new Array(3000).fill(2 ** 17))
    expect(b).toEqual(a)
    expect(memory(device)).toMatchObject({ liveBuffers: 0, liveBytes: 0 })
    const allocations = emulation('allocations')
    const x = onDevice(new Float32Array(3000).fill(1))
    const sum = ops.add(x, x)
    expect(sum.dataSync()[2999]).toBe(2)
    for (const each of [x, sum]) each.dispose()
    expect(emulation('allocations') - allocations).toBeLessThanOrEqual(1) // the word of this thread's own stream
  })

  test('are terminated with calls and reads under way, and nothing leaks', async () => {
    const before = memory(device).liveBytes
    for (let i = 0; i < 12; i++) {
      emulation('milliseconds per event', i % 2 === 0 ? 3 : 0)
      const worker = start({ steps: Infinity, size: 1000, milliseconds: i % 2 === 0 ? 3 : 0 })
      await once(worker, 'message')
      await new Promise((resolve) => setTimeout(resolve, i * 4))
      await worker.terminate()
    }
    emulation('milliseconds per event', 0)
    expect(memory(device).liveBytes).toBeLessThanOrEqual(before)
    expect(onDevice([4]).dataSync()).toEqual(Float32Array.of(4))
  }, 120_000)
})
