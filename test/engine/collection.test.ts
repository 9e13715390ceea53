/** Programs that never dispose of anything: the collector alone holds the footprint. */
import { beforeAll, expect, test } from 'vitest'
import { runScript, transpiledSources } from '../support/child.js'

let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

interface Marks {
  live: number[]
  rss: number[]
  buffers: number[]
}

/** Runs `body` `iterations` times in one synchronous loop, noting the footprint at each tenth. */
async function footprint(iterations: number, setup: string, body: string): Promise<Marks> {
  const { code, stdout, stderr } = await runScript(
    folder,
    `import { memory, noGrad, ops, tensor } from './index.js'
     const marks = { live: [], rss: [], buffers: [] }
     ${setup}
     for (let i = 0; i < ${iterations}; i++) {
       ${body}
       if (i % ${iterations / 10} !== ${iterations / 10 - 1}) continue
       const { liveBytes, liveBuffers } = memory()
       marks.live.push(liveBytes / 2 ** 20)
       marks.buffers.push(liveBuffers)
       marks.rss.push(process.memoryUsage().rss / 2 ** 20)
     }
     console.log(JSON.stringify(marks))`,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Marks
}

test('20,000 iterations of forward and backward hold a flat footprint', async () => {
  const { live, rss, buffers } = await footprint(
    20_000,
    `const w = tensor(new Float32Array(16 * 16).fill(0.1), { shape: [16, 16], requiresGrad: true })
     const x = tensor(new Float32Array(256 * 16).fill(1), { shape: [256, 16] })`,
    `const loss = ops.sum(ops.mul(ops.matmul(x, w), 0.5))
     loss.backward()
     w.grad = undefined`,
  )
  expect(Math.max(...live)).toBeLessThan(300)
  expect(Math.max(...rss)).toBeLessThan(700)
  expect((rss[9] as number) - (rss[4] as number)).toBeLessThan(60) // the second half adds nothing
  expect(Math.max(...buffers)).toBeLessThan(100_000)
}, 60_000)

test('large values that are forgotten are freed within a synchronous loop', async () => {
  const { live, rss } = await footprint(
    1000,
    `const x = tensor(new Float32Array(2 ** 18))`, // 1 MiB
    `ops.add(x, i)`,
  )
  expect(Math.max(...live)).toBeLessThan(250)
  expect(Math.max(...rss)).toBeLessThan(600)
})

test('small values too: handles themselves do not pile up', async () => {
  const { buffers, rss } = await footprint(100_000, `const x = tensor([1])`, `ops.add(x, 1)`)
  expect(Math.max(...buffers)).toBeLessThan(60_000)
  expect((rss[9] as number) - (rss[4] as number)).toBeLessThan(40)
})
