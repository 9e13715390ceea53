/** What a program can rely on of a device, shown on the emulated one: order, copies, what waits for what, reports. */
import { beforeEach, describe, expect, test } from 'vitest'
import { KernelError, memory, ready, tensor, withPrecision } from 'landbridge'
import { deviceNumber, native } from '../../src/engine/native.js'
import { calm, emulation, loadDevice, onDevice } from '../support/device.js'
import { call, callInPlace } from '../support/kernels.js'

const device = 'cuda-emulated'
const there = loadDevice()

beforeEach(calm)

describe.runIf(there)('values', () => {
  test('come back as they went, whatever their number', async () => {
    for (const size of [0, 1, 1000, 2 ** 20, 2 ** 20 + 1, 7_000_001]) {
      const values = Float32Array.from({ length: size }, (_, i) => i)
      const x = tensor(values, { device })
      values.fill(-1)
      const [sooner, later] = [x.dataSync(), await x.data()]
      expect(sooner.length).toBe(size)
      expect(sooner.every((value, i) => value === Math.fround(i))).toBe(true)
      expect(Buffer.compare(new Uint8Array(later.buffer), new Uint8Array(sooner.buffer))).toBe(0)
    }
  })

  test('are copied before the call returns, and overwritten in stream order only', async () => {
    const source = Float32Array.of(1, 2, 3)
    const first = tensor(source, { device })
    call('device_sleep', [first], [30])
    const y = call('device_append', [first], [0])
    first.dispose()
    source.fill(-1)
    for (let i = 0; i < 20; i++) tensor(source, { device }).dispose() // takes the block of `first` at once
    expect(await y.data()).toEqual(Float32Array.of(10, 20, 30))
  })

  test('are read at the read’s place in the stream', async () => {
    const x = onDevice([1])
    const early = x.data()
    callInPlace('device_append', [x], [2])
    const middle = x.data()
    callInPlace('device_append', [x], [3])
    expect([await early, await middle, x.dataSync()].map((values) => values[0])).toEqual([1, 12, 123])
  })

  test('fresh device memory is never mistaken for values', () => {
    // Larger than any block that was freed before, and may be had again.
    const unwritten = call('device_mark', [onDevice([1, 2])], [], [12_000_000])
    expect(unwritten.dataSync().every(Number.isNaN)).toBe(true)
  })
})

describe.runIf(there)('waiting', () => {
  test('a read does not hold up the calls after it', async () => {
    emulation('marks', 0)
    emulation('milliseconds per event', 300)
    const x = onDevice([7])
    let read = false
    const value = x.data().then((values) => ((read = true), values))
    for (let i = 0; i < 100; i++) call('device_mark', [x]).dispose()
    while (emulation('marks') < 100) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(read).toBe(false)
    expect(await value).toEqual(Float32Array.of(7))
  })

  test('many reads may be under way, large ones among them, and arrive in order', async () => {
    emulation('milliseconds per event', 2)
    const order: number[] = []
    const reads = Array.from({ length: 120 }, async (_, i) => {
      const size = i % 10 === 0 ? 1_500_000 : 10
      const x = tensor(new Float32Array(size).fill(i), { device })
      const values = await x.data()
      order.push(i)
      return values.length === size && values.every((value) => value === i)
    })
    expect((await Promise.all(reads)).every(Boolean)).toBe(true)
    expect(order).toEqual(Array.from({ length: 120 }, (_, i) => i))
  })

  test('staging memory stays bounded however much is written at once', () => {
    emulation('milliseconds per event', 1)
    const kept = Array.from({ length: 30 }, (_, i) => tensor(new Float32Array(2 ** 20).fill(i), { device }))
    expect(emulation('host bytes')).toBeLessThanOrEqual(32 * 2 ** 20)
    expect(kept.every((x, i) => x.dataSync().every((value) => value === i))).toBe(true)
  })

  test('waiting for values does not stall timers', async () => {
    emulation('milliseconds per event', 100)
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    await onDevice([1]).data()
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(5)
  })

  test('ready keeps a queue of its own for each device', async () => {
    emulation('milliseconds per event', 100)
    const started = performance.now()
    for (let i = 0; i < 2; i++) await Promise.all([ready(device), ready()])
    expect(performance.now() - started).toBeLessThan(90)
    await ready(device)
    expect(performance.now() - started).toBeGreaterThan(90)
  })
})

describe.runIf(there)('memory', () => {
  test('is counted per device', () => {
    const [host, before] = [memory(), memory(device)]
    const x = onDevice([1, 2, 3])
    expect(memory(device).liveBytes - before.liveBytes).toBe(12)
    expect(memory().liveBytes).toBe(host.liveBytes)
    x.dispose()
    expect(memory(device).liveBytes).toBe(before.liveBytes)
    expect(memory(device).limitBytes).toBe(4 * 2 ** 30)
  })

  test('of a steady loop is allocated once', () => {
    const step = () => {
      const x = onDevice(new Float32Array(1000))
      const y = call('device_scratch', [call('device_append', [x], [1])], [1000])
      expect(y.dataSync()[999]).toBe(1)
      x.dispose()
      y.dispose()
    }
    step()
    step()
    const allocations = emulation('allocations')
    for (let i = 0; i < 20; i++) step()
    expect(emulation('allocations') - allocations).toBeLessThanOrEqual(20) // the outputs that nobody disposed of
  })

  test('a target that only its caller holds is overwritten; one held twice gets a fresh block', () => {
    const w = onDevice([2, 3])
    const storage = w.storage
    callInPlace('device_add_to', [w, onDevice([1, 1])])
    expect(w.storage).toBe(storage)
    const other = w.alias()
    callInPlace('device_add_to', [w, onDevice([1, 1])])
    expect([...w.dataSync(), ...other.dataSync()]).toEqual([4, 5, 3, 4])
  })
})

const onPurpose = 'device_fail: on purpose'

describe.runIf(there)('failures', () => {
  test('poison what depends on them, and keep targets as they were', async () => {
    const w = onDevice([1, 2])
    const shared = onDevice([3, 4])
    const other = shared.alias()
    const bad = call('device_fail', [w])
    callInPlace('device_add_to', [w, bad])
    callInPlace('device_add_to', [shared, bad]) // copied on the device
    await expect(call('device_append', [bad], [1]).data()).rejects.toThrow(new KernelError(onPurpose))
    expect(() => bad.dataSync()).toThrow(onPurpose)
    for (const [x, values] of [
      [w, [1, 2]],
      [shared, [3, 4]],
      [other, [3, 4]],
    ] as const) {
      expect([...(await x.data())]).toEqual(values)
    }
  })

  test('are heard by reads after them, not by those before', async () => {
    emulation('milliseconds per event', 20)
    const x = onDevice([1])
    const before = x.data()
    call('device_fail', [x])
    const after = x.data()
    expect(await before).toEqual(Float32Array.of(1))
    await expect(after).rejects.toThrow(onPurpose)
    expect(await x.data()).toEqual(Float32Array.of(1))
  })

  test('that nobody read are thrown by ready, once', async () => {
    call('device_fail', [onDevice([1])])
    await native.fence(deviceNumber[device])
    await expect(ready(device)).rejects.toThrow(onPurpose)
    await ready(device)
  })

  test('a block that held a failed value serves later values', () => {
    for (let i = 0; i < 20; i++) {
      const bad = call('device_fail', [onDevice([1])])
      expect(() => bad.dataSync()).toThrow(onPurpose)
      bad.dispose()
      const good = onDevice([i])
      expect(good.dataSync()).toEqual(Float32Array.of(i))
      good.dispose()
    }
  })

  const report = (value: number) => `device_report: expected 100 % of values ≥ 0, received ${value}`

  test('that kernels report are told by the next read, once, with the value', async () => {
    const bad = call('device_report', [onDevice([1, -3, 2])])
    await expect(bad.data()).rejects.toThrow(report(-3))
    expect(await onDevice([1]).data()).toEqual(Float32Array.of(1))
    expect(() => call('device_report', [onDevice([-7])]).dataSync()).toThrow(report(-7))
    expect(call('device_report', [onDevice([7])]).dataSync()).toEqual(Float32Array.of(7))
  })

  test('that kernels report and nobody read are thrown by ready', async () => {
    call('device_report', [onDevice([-2])])
    await native.fence(deviceNumber[device])
    await expect(ready(device)).rejects.toThrow(report(-2))
    await ready(device)
  })

  test('a kernel that runs out of its output is told with kernel, block and thread', () => {
    expect(() => call('device_overrun', [onDevice([1])]).dataSync()).toThrow(/device_overrun: .*thread/)
  })

  test('tensors of two devices in one call are a mistake that names both', () => {
    expect(() => call('device_add_to', [onDevice([1]), tensor([1])])).toThrow(
      'expected tensors on cuda-emulated, received one on cpu',
    )
  })
})

test.runIf(there)('marks measure the stream, by the device’s clock', () => {
  const number = deviceNumber[device]
  const x = onDevice([1])
  native.mark(number)
  for (const milliseconds of [0, 60]) {
    call('device_sleep', [x], [milliseconds])
    native.mark(number)
  }
  const [short, long] = native.marks(number)
  expect(short).toBeLessThan(50)
  expect(long).toBeGreaterThan(59)
  expect(native.marks(number)).toEqual([])
  expect(() => native.mark(deviceNumber.cpu)).toThrow('expected a device with a clock of its own, received cpu')
})

test.runIf(there)('calls take the precision in force when they are made', () => {
  const x = onDevice([0])
  const before = call('device_precision', [x])
  const inside = withPrecision('bfloat16', () => call('device_precision', [x]))
  const after = call('device_precision', [x])
  expect([before, inside, after].map((y) => y.dataSync()[0])).toEqual([0, 2, 0])
})
