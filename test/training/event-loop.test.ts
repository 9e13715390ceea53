/** Timers fire while a convolution net trains; scripts/figures.mjs prints how late. */
import { beforeAll, expect, test } from 'vitest'
import { runScript, transpiledSources } from '../support/child.js'

const programs = new URL('../../scripts/programs.mjs', import.meta.url).href
let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

test.each([
  ['ready()', 'await landbridge.ready()'],
  ['its loss', 'await loss.item()'],
])('a 1 ms timer keeps firing while a convolution net trains in a loop that awaits %s', async (_, wait) => {
  const { code, stdout, stderr } = await runScript(
    folder,
    `import * as landbridge from './index.js'
     import { convnet, lateness, quantile } from ${JSON.stringify(programs)}
     const { step } = convnet(landbridge)
     let steps = 0
     const late = await lateness(async () => {
       for (const end = performance.now() + 1500; performance.now() < end; steps++) {
         const loss = landbridge.tidy(step)
         ${wait}
       }
     })
     console.log(JSON.stringify({ steps, fired: late.length, p99: quantile(late, 0.99) }))`,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { steps, fired } = JSON.parse(stdout) as { steps: number; fired: number; p99: number }
  expect(steps).toBeGreaterThan(10)
  expect(fired).toBeGreaterThan(100)
})
