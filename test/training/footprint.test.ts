/** A program that trains without `dispose` and without `await`: the collector and the queue's limit hold the footprint. */
import { beforeAll, expect, test } from 'vitest'
import { runScript, transpiledSources } from '../support/child.js'

const programs = new URL('../../scripts/programs.mjs', import.meta.url).href
let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

interface Mark {
  live: number
  pooled: number
  rss: number
}

const largest = (values: number[]): number => Math.max(...values)

test('20,000 steps of a small network with Adam hold a flat footprint', async () => {
  const { code, stdout, stderr } = await runScript(
    folder,
    `import * as landbridge from './index.js'
     import { footprint, mlp } from ${JSON.stringify(programs)}
     const { step } = mlp(landbridge)
     const before = step().itemSync()
     const marks = footprint(landbridge, step, 20_000)
     console.log(JSON.stringify({ before, after: step().itemSync(), marks }))`,
    { timeout: 60_000 },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { before, after, marks } = JSON.parse(stdout) as { before: number; after: number; marks: Mark[] }
  expect(after).toBeLessThan(before / 100) // it trained
  const [live, pooled, rss] = (['live', 'pooled', 'rss'] as const).map((key) => marks.map((mark) => mark[key])) as [
    number[],
    number[],
    number[],
  ]
  // The hidden activations alone, 2 KiB a step, would be 40 MiB if nothing were released.
  expect(largest(live)).toBeLessThan(20)
  expect(largest(pooled)).toBeLessThan(20)
  expect(largest(rss.slice(50)) - largest(rss.slice(0, 50))).toBeLessThan(30)
  expect(largest(rss)).toBeLessThan(300)
}, 90_000)
