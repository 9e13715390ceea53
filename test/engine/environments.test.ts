/** Worker threads: each has a stream of its own, may end at any moment, and never sees another's tensors. */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { beforeAll, expect, test } from 'vitest'
import { memory, tensor } from 'landbridge'
import { addonPath, runScript, transpiledSources } from '../support/child.js'

let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

const script = new URL('../support/trainWorker.mjs', import.meta.url)

function start(workerData: { steps: number; blocking?: boolean }): Worker {
  const env = { ...process.env, NODE_OPTIONS: '', LANDBRIDGE_NATIVE: addonPath }
  return new Worker(script, { workerData: { folder, ...workerData }, env, execArgv: [] })
}

const finished: Worker[] = []
async function resultOf(worker: Worker): Promise<number[]> {
  finished.push(worker)
  for (;;) {
    const [message] = (await once(worker, 'message')) as [number[] | 'started']
    if (message !== 'started') return message
  }
}

test('two workers train at once, with the same bits as one alone', async () => {
  const alone = await resultOf(start({ steps: 30 }))
  const [a, b] = await Promise.all([resultOf(start({ steps: 30 })), resultOf(start({ steps: 30 }))])
  expect(a).toEqual(alone)
  expect(b).toEqual(alone)
  expect(alone.every(Number.isFinite)).toBe(true)
})

test('a worker is terminated mid-run twenty times in a row while another trains, and nothing leaks', async () => {
  const { rss } = process.memoryUsage()
  const survivor = start({ steps: 400 })
  const result = resultOf(survivor)
  let lastStarted = 0
  for (let i = 0; i < 20; i++) {
    const worker = start({ steps: Infinity, blocking: i % 2 === 1 })
    await once(worker, 'message')
    await new Promise((resolve) => setTimeout(resolve, i * 3))
    await worker.terminate()
    lastStarted = i
  }
  expect(lastStarted).toBe(19)
  expect((await result).every(Number.isFinite)).toBe(true)
  await Promise.all(finished.splice(0).map((worker) => worker.terminate()))
  expect(memory()).toMatchObject({ liveBuffers: 0, liveBytes: 0 })
  expect(process.memoryUsage().rss).toBeLessThan(rss + 200 * 2 ** 20)
}, 120_000)

test('the process itself survives: a program of workers that end mid-run ends by itself', async () => {
  const { code, signal, stdout, stderr } = await runScript(
    folder,
    `import { Worker } from 'node:worker_threads'
     import { memory } from './index.js'
     const start = () => new Worker(new URL(${JSON.stringify(script.href)}),
       { workerData: { folder: ${JSON.stringify(folder)}, steps: 1e9 } })
     for (let i = 0; i < 4; i++) {
       const both = [start(), start()]
       await Promise.all(both.map((w) => new Promise((resolve) => w.once('message', resolve))))
       await Promise.all(both.map((w) => w.terminate()))
     }
     start().once('message', () => process.exit())
     console.log(memory().liveBuffers)`,
  )
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(stdout).toBe('0\n')
})

test('a tensor cannot be sent to another thread', () => {
  const { port1, port2 } = new MessageChannel()
  expect(() => port1.postMessage(tensor([1]))).toThrow(/could not be cloned/)
  port1.close()
  port2.close()
})
