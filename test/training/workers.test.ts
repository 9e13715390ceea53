/** Whole training runs in worker threads; environments.test.ts has single ops. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { beforeAll, expect, test } from 'vitest'
import { addonPath, transpiledSources } from '../support/child.js'

let folder: string
beforeAll(() => {
  folder = transpiledSources()
})

interface Result {
  losses: number[]
  weights: number[]
}

function start(steps: number): Worker {
  const env = { ...process.env, NODE_OPTIONS: '', LANDBRIDGE_NATIVE: addonPath }
  const script = new URL('../support/optim-worker.mjs', import.meta.url)
  return new Worker(script, { workerData: { folder, steps }, env, execArgv: [] })
}

async function resultOf(worker: Worker): Promise<Result> {
  for (;;) {
    const [message] = (await once(worker, 'message')) as [Result | 'started']
    if (message === 'started') continue
    await worker.terminate()
    return message
  }
}

test('two workers train at once while a third is terminated mid-run, with the same bits as one alone', async () => {
  const alone = await resultOf(start(60))
  expect(alone.losses.at(-1)).toBeLessThan(0.7 * (alone.losses[0] as number))
  const both = [start(60), start(60)].map(resultOf)
  const third = start(Infinity)
  await once(third, 'message')
  await third.terminate()
  for (const result of await Promise.all(both)) expect(result).toEqual(alone)
})
