/** The queue is bounded; loops that yield never wait, and loops that do not still stop growing. */
import { beforeAll, expect, test } from 'vitest'
import { memory, ready, tensor } from 'landbridge'
import { call, loadTestKernels, sleep } from '../support/kernels.js'

beforeAll(loadTestKernels)

const MiB = 2 ** 20

test('the queue is bounded in jobs: a loop that never yields waits for the stream', async () => {
  const x = tensor([1])
  const started = performance.now()
  for (let i = 0; i < 1500; i++) sleep(x, 0.5).dispose()
  const issued = performance.now() - started
  await x.data()
  expect(issued).toBeGreaterThan(200) // 1,500 − 1,024 jobs of at least 0.5 ms had to end first
})

test('the queue is bounded in bytes', async () => {
  const x = tensor([1])
  const started = performance.now()
  const outputOf = 64 * MiB // never touched by this kernel, so no memory is really used
  for (let i = 0; i < 30; i++) call('test_sleep', [x], [10], [outputOf / 4]).dispose()
  const issued = performance.now() - started
  await x.data()
  expect(issued).toBeGreaterThan(100) // 30 − 17 jobs had to end first
})

test('an empty queue admits a job of any size', async () => {
  const { limitBytes } = memory()
  if (limitBytes < 3000 * MiB) return expect(limitBytes).toBeGreaterThan(0)
  const y = call('test_sleep', [tensor([1])], [1], [1100 * MiB * 0.25])
  await ready()
  y.dispose()
})

test('a loop that writes large inputs and never yields keeps a bounded footprint', async () => {
  const values = new Float32Array(MiB)
  let peak = 0
  for (let i = 0; i < 150; i++) {
    const x = tensor(values)
    sleep(x, 2).dispose()
    x.dispose()
    const { liveBytes, pooledBytes } = memory()
    peak = Math.max(peak, liveBytes + pooledBytes)
  }
  await ready()
  expect(peak).toBeLessThan(400 * MiB) // 150 inputs of 4 MiB are 600
})

test('ready lets timers run and keeps at most two steps in flight', async () => {
  const x = tensor([1])
  let fired = false
  setTimeout(() => (fired = true), 1)
  const started = performance.now()
  const times: number[] = []
  for (let step = 0; step < 6; step++) {
    sleep(x, 60).dispose()
    await ready()
    times.push(performance.now() - started)
  }
  expect(fired).toBe(true)
  expect(times[1]).toBeLessThan(60) // the first two steps are only queued …
  // … and from then on a step ends for each that begins.
  times.slice(2).forEach((time, i) => expect(time).toBeGreaterThan(60 * (i + 1) - 2))
  await x.data()
})

test('ready lets a timer of a millisecond fire even when nothing is queued', async () => {
  let fired = 0
  const timer = setInterval(() => fired++, 1)
  const until = performance.now() + 50
  while (performance.now() < until) await ready()
  clearInterval(timer)
  expect(fired).toBeGreaterThan(5)
})
