/** A process ends when its program does: with work queued, with promises pending, in the middle of a kernel. */
import { beforeAll, expect, test } from 'vitest'
import { runScript, transpiledSources, type Outcome } from '../support/child.js'
import { buildKernels } from '../support/kernels.js'

let prelude: string
let folder: string
beforeAll(() => {
  folder = transpiledSources()
  prelude = `
    import { defineOp, loadKernels, memory, ones, ops, ready, tensor } from './index.js'
    loadKernels(${JSON.stringify(buildKernels())})
    const sleep = defineOp('sleep', { kernel: 'test_sleep', attrs: { ms: 0 }, shape: ([x]) => x.shape })
    const fail = defineOp('fail', { kernel: 'test_fail', shape: ([x]) => x.shape })
    const x = tensor([1])
  `
})

async function ends(script: string): Promise<Outcome> {
  const outcome = await runScript(folder, prelude + script, { timeout: 20_000 })
  expect(outcome).toMatchObject({ signal: null, stderr: '' })
  return outcome
}

test('work that nobody reads does not keep the process', async () => {
  const { code, milliseconds } = await ends(`for (let i = 0; i < 100; i++) sleep(x, { ms: 100 })`)
  expect(code).toBe(0)
  expect(milliseconds).toBeLessThan(5000)
})

test('a pending read keeps the process until its value is delivered', async () => {
  const { code, stdout } = await ends(`sleep(x, { ms: 300 }).data().then((v) => console.log('delivered', v[0]))`)
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'delivered 1\n' })
})

test('process.exit in the middle of a kernel, with promises pending', async () => {
  const { code, stdout } = await ends(`
    for (let i = 0; i < 200; i++) sleep(x, { ms: 50 }).data().then(() => {})
    setTimeout(() => process.exit(3), 20)
    process.on('exit', () => console.log('exiting'))`)
  expect({ code, stdout }).toEqual({ code: 3, stdout: 'exiting\n' })
})

test('process.exit while parallel chunks run', async () => {
  const { code } = await ends(`
    const a = ones([1500, 1500])
    for (let i = 0; i < 100; i++) ops.matmul(a, a)
    setTimeout(() => process.exit(), 30)`)
  expect(code).toBe(0)
})

test('promises that nobody awaits, tensors that nobody disposes of', async () => {
  const { code } = await ends(`
    for (let i = 0; i < 50; i++) ops.add(x, i).data()
    ready()
    globalThis.kept = ops.mul(x, 2)`)
  expect(code).toBe(0)
})

test('an uncaught error ends the process with its own message', async () => {
  const outcome = await runScript(folder, `${prelude} sleep(x, { ms: 200 }).data(); throw new Error('mine')`)
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain('Error: mine')
})

test('a failure that nobody reads is silent; one that rejects unhandled says what failed', async () => {
  expect((await ends(`fail(x)`)).code).toBe(0)
  const outcome = await runScript(folder, `${prelude} fail(x).data()`)
  expect(outcome.code).toBe(1)
  expect(outcome.stderr).toContain(' fail: on purpose')
})

test('reading synchronously at exit still works', async () => {
  const { stdout } = await ends(`process.on('exit', () => console.log(ops.add(x, 1).itemSync()))`)
  expect(stdout).toBe('2\n')
})

test('an unread error of a SIGTERMed process does not hang it', async () => {
  const outcome = await runScript(
    folder,
    `${prelude} fail(x); for (let i = 0; i < 50; i++) sleep(x, { ms: 100 }).data().catch(() => {})
     setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20)`,
  )
  expect(outcome.signal).toBe('SIGTERM')
  expect(outcome.milliseconds).toBeLessThan(5000)
})
