/** Copies between devices: in the order of both, waiting for neither. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { memory, tensor, type Tensor } from 'landbridge'
import { together } from '../../src/engine/together.js'
import { calm, emulation, loadDevice, onDevice, settle } from '../support/device.js'
import { call, callInPlace, loadTestKernels, sleep } from '../support/kernels.js'

const device = 'cuda-emulated'
const there = loadDevice()
beforeAll(loadTestKernels)

beforeEach(calm)

/** Milliseconds that JavaScript spends in `f`. */
function duration(f: () => void): number {
  const started = performance.now()
  f()
  return performance.now() - started
}

describe.runIf(there)('a transfer', () => {
  test('takes its turn among the calls of both devices', async () => {
    const [seen, expected]: [Tensor[], number[]] = [[], []]
    let at = sleep(tensor([1]), 20)
    let value = 1
    for (const [append, next] of [
      ['test_append', device],
      ['device_append', 'cpu'],
      ['test_append', device],
    ] as const) {
      at = call(append, [at], [2])
      callInPlace(append, [at], [3])
      value = 100 * value + 23
      seen.push(at)
      expected.push(value)
      at = at.to(next)
    }
    expect(await Promise.all(seen.map((each) => each.item()))).toEqual(expected)
    expect(at.itemSync()).toBe(1232323)
  })

  test.each([
    ['cpu', device, 'test_append'],
    [device, 'cpu', 'device_append'],
  ] as const)('from %s to %s has the value of its moment, whatever becomes of the source', async (from, to, append) => {
    const x = tensor([1], { device: from })
    const y = call(append, [x], [2])
    const early = y.to(to)
    callInPlace(append, [y], [3])
    const late = y.to(to)
    y.dispose()
    for (let i = 0; i < 20; i++) call(append, [x], [i % 10]).dispose() // takes the block at once
    expect([await early.item(), late.itemSync()]).toEqual([12, 123])
  })

  test.each([0, 1, 1000, 2 ** 20 + 1, 7_000_001])('holds %i values', async (size) => {
    const values = Float32Array.from({ length: size }, (_, i) => i)
    const back = tensor(values).to(device).to('cpu')
    expect(Buffer.compare(new Uint8Array((await back.data()).buffer), new Uint8Array(values.buffer))).toBe(0)
  })

  test('between devices lets gradients through, in the order of both', () => {
    const x = tensor([1, 2, 3], { requiresGrad: true })
    const y = x.square().to(device).mul(2)
    y.to('cpu')
      .mul(tensor([1, 10, 100]))
      .sum()
      .backward()
    expect([...x.grad!.dataSync()]).toEqual([4, 80, 1200])
  })
})

describe.runIf(there)('nobody waits', () => {
  test('for a device whose value is copied', async () => {
    const x = onDevice([7])
    await settle()
    emulation('milliseconds per event', 400)
    let y: Tensor | undefined
    expect(duration(() => (y = x.to('cpu')))).toBeLessThan(100)
    let arrived = false
    const value = y!.item().then((item) => ((arrived = true), item))
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(arrived).toBe(false)
    expect(await value).toBe(7)
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(20)
  })

  test('for the CPU, and values come back in turn', async () => {
    let y: Tensor | undefined
    expect(
      duration(
        () =>
          (y = sleep(tensor([5]), 300)
            .to(device)
            .to('cpu')
            .to(device)),
      ),
    ).toBeLessThan(100)
    expect(await call('device_append', [y!], [1]).item()).toBe(51)
  })

  test('with many under way in both directions, large ones among them', async () => {
    emulation('milliseconds per event', 1)
    const results = Array.from({ length: 300 }, async (_, i) => {
      const size = i % 50 === 0 ? 1_500_000 : 10
      const x = tensor(new Float32Array(size).fill(i))
      const there = x.to(device)
      const sum = call('device_append', [there], [1])
      const back = sum.to('cpu')
      for (const each of [x, there, sum]) each.dispose()
      const values = await back.data()
      back.dispose()
      return values.length === size && values.every((value) => value === 10 * i + 1)
    })
    expect((await Promise.all(results)).every(Boolean)).toBe(true)
    expect(emulation('host bytes')).toBeLessThanOrEqual(32 * 2 ** 20)
  })

  test('and a queue that is full holds back, without a standstill', () => {
    let x: Tensor = tensor([0])
    for (let i = 0; i < 1500; i++) {
      const next = x.to(i % 2 === 0 ? device : 'cpu')
      x.dispose()
      x = next
    }
    const many = Array.from({ length: 2500 }, () => x.to(device))
    expect([x.itemSync(), many.at(-1)!.itemSync()]).toEqual([0, 0])
  })

  test('for what is launched together: that ends, and goes on one by one', () => {
    const host = tensor([4])
    const w = onDevice([1])
    for (let i = 0; i < 3; i++) {
      together(device, () => {
        callInPlace('device_append', [w], [2])
        callInPlace('device_add_to', [w, host.to(device)])
        callInPlace('device_append', [w], [3])
        const out = w.to('cpu')
        callInPlace('device_add_to', [w, out.to(device)])
      })
    }
    let expected = 1
    for (let i = 0; i < 3; i++) expected = Math.fround(2 * ((10 * expected + 6) * 10 + 3))
    expect(w.itemSync()).toBe(expected)
  })

  test('memory of finished ones serves the next', async () => {
    const step = async () => {
      const x = tensor(new Float32Array(100_000))
      const y = x.to(device)
      const z = y.to('cpu')
      await z.data()
      for (const each of [x, y, z]) each.dispose()
      await settle()
    }
    for (let i = 0; i < 5; i++) await step()
    const held = () => [memory(), memory(device)].map(({ liveBytes, pooledBytes }) => liveBytes + pooledBytes)
    const before = held()
    for (let i = 0; i < 30; i++) await step()
    const grown = held().map((bytes, i) => bytes - before[i]!)
    expect(Math.max(...grown)).toBeLessThan(1_000_000)
  })
})
