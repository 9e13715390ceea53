/** Calls launched together as a graph: the same values as one by one, whatever comes in between. */
import { beforeEach, describe, expect, test } from 'vitest'
import { tensor, type Tensor } from 'landbridge'
import { deviceNumber, native } from '../../src/engine/native.js'
import { emulation, loadDevice, onDevice } from '../support/device.js'
import { call, callInPlace } from '../support/kernels.js'

const device = 'cuda-emulated'
const number = deviceNumber[device]
const there = loadDevice()

beforeEach(async () => {
  await native.fence(number)
  native.takeFailure()
})

function captured<T>(f: () => T): T {
  native.graph(number, true)
  const result = f()
  native.graph(number, false)
  return result
}

/** In place, with intermediate values whose blocks serve again: whatever runs twice or not at all shows. */
function step(w: Tensor, x: Tensor): void {
  const y = call('device_scratch', [call('device_append', [x], [1])], [x.size])
  callInPlace('device_add_to', [w, y])
  y.dispose()
  const z = call('device_append', [w], [0])
  callInPlace('device_add_to', [w, z])
  z.dispose()
}

/** What `steps` steps make of w = 0 and x = 1. */
function expected(steps: number): number {
  let w = 0
  for (let i = 0; i < steps; i++) w = (w + 11) * 11
  return w
}

const counters = () => ({ made: emulation('graphs made'), launches: emulation('graph launches') })

describe.runIf(there)('a graph', () => {
  test('gives what the calls give one by one, and is made once for steps that stand still', () => {
    const w = onDevice([0, 0])
    const x = onDevice([1, 1])
    const before = counters()
    for (let i = 0; i < 5; i++) captured(() => step(w, x))
    expect(w.dataSync()).toEqual(new Float32Array(2).fill(expected(5)))
    expect(counters()).toEqual({ made: before.made + 1, launches: before.launches + 5 })
  })

  test('holds writes: each launch has the values of its own step', () => {
    const seen: number[] = []
    const results = [3, 4, 5].map((value) => captured(() => call('device_append', [onDevice([value])], [7])))
    for (const y of results) seen.push(...y.dataSync())
    expect(seen).toEqual([37, 47, 57])
  })

  test('is made anew when the calls differ', () => {
    const w = onDevice([0])
    const x = onDevice([1])
    captured(() => step(w, x))
    const before = counters()
    captured(() => {
      step(w, x)
      step(w, x)
    })
    expect(w.dataSync()).toEqual(Float32Array.of(expected(3)))
    expect(counters()).toEqual({ made: before.made + 1, launches: before.launches + 1 })
  })

  test('runs nothing before its end', async () => {
    native.graph(number, true)
    const y = call('device_append', [onDevice([1])], [1])
    const before = emulation('graph launches')
    native.graph(number, false)
    expect(y.dataSync()).toEqual(Float32Array.of(11))
    expect(emulation('graph launches')).toBe(before + 1)
  })

  test('ends early at a read, and what follows goes on one by one', async () => {
    const w = onDevice([0])
    const x = onDevice([1])
    native.graph(number, true)
    step(w, x)
    const early = w.data()
    step(w, x)
    const late = w.dataSync()
    step(w, x)
    native.graph(number, false)
    expect([await early, late, w.dataSync()].map(([value]) => value)).toEqual([1, 2, 3].map(expected))
  })

  test('may be begun twice and ended twice', () => {
    const w = onDevice([0])
    native.graph(number, false)
    native.graph(number, true)
    step(w, onDevice([1]))
    captured(() => step(w, onDevice([1])))
    native.graph(number, false)
    expect(w.dataSync()).toEqual(Float32Array.of(expected(2)))
  })

  test('may hold more than staging memory and the queue of jobs', () => {
    const big = captured(() =>
      Array.from({ length: 8 }, (_, i) => tensor(new Float32Array(2 ** 20).fill(i), { device })),
    )
    expect(big.every((x, i) => x.dataSync().every((value) => value === i))).toBe(true)
    const w = onDevice([0])
    const one = onDevice([1])
    captured(() => {
      for (let i = 0; i < 3000; i++) callInPlace('device_add_to', [w, one])
    })
    expect(w.dataSync()).toEqual(Float32Array.of(3000))
  })
})

describe.runIf(there)('what cannot be a graph', () => {
  test('runs one by one when the capture is refused', () => {
    emulation('refuse to begin', 1)
    const w = onDevice([0])
    const before = counters()
    captured(() => step(w, onDevice([1])))
    expect(w.dataSync()).toEqual(Float32Array.of(expected(1)))
    expect(counters()).toEqual(before)
  })

  test('runs one by one, each call once, when the capture turns out invalid', () => {
    const w = onDevice([0])
    const x = onDevice([1])
    for (const invalid of [1, 0, 1]) {
      emulation('invalidate captures', invalid)
      captured(() => {
        step(w, x)
        step(w, onDevice([1]))
      })
    }
    expect(w.dataSync()).toEqual(Float32Array.of(expected(6)))
  })

  test('a call that fails ends it: what came before has run, what depends on it is skipped', () => {
    for (const invalid of [0, 1]) {
      emulation('invalidate captures', invalid)
      const w = onDevice([0])
      captured(() => {
        step(w, onDevice([1]))
        const bad = call('device_fail', [w])
        callInPlace('device_add_to', [w, bad])
        step(w, onDevice([1]))
      })
      expect(() => w.dataSync()).toThrow('device_fail: on purpose')
      expect(w.dataSync()).toEqual(Float32Array.of(expected(2)))
    }
  })

  test('a value poisoned before it ends it as well', () => {
    const bad = call('device_fail', [onDevice([1])])
    const w = onDevice([0])
    captured(() => {
      step(w, onDevice([1]))
      callInPlace('device_add_to', [w, bad])
      step(w, onDevice([1]))
    })
    expect(() => bad.dataSync()).toThrow('device_fail: on purpose')
    expect(w.dataSync()).toEqual(Float32Array.of(expected(2)))
  })

  test('scratch memory that is out during a capture is freed and found one by one', async () => {
    const large = 1_000_003
    const w = onDevice([0])
    onDevice(new Float32Array(large)).dispose() // a cache that can be freed
    await native.fence(number)
    captured(() => {
      step(w, onDevice([1]))
      emulation('fail allocations', 1)
      const y = call('device_scratch', [w], [2 * large])
      callInPlace('device_add_to', [w, y])
    })
    expect(w.dataSync()).toEqual(Float32Array.of(2 * expected(1)))
    expect(emulation('fail allocations', 0)).toBe(0)
  })

  test('a mistake that only shows at the launch is told', () => {
    captured(() => call('device_report', [onDevice([-4])]))
    expect(() => onDevice([1]).dataSync()).toThrow('received -4')
  })
})

test.runIf(there)('on the CPU a graph is nothing', () => {
  native.graph(deviceNumber.cpu, true)
  const x = tensor([1])
  native.graph(deviceNumber.cpu, false)
  expect(x.dataSync()).toEqual(Float32Array.of(1))
})
