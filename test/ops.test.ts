/** Every case of test/cases on LANDBRIDGE_TEST_DEVICE (default cpu), there at the instruction set LANDBRIDGE_ISA. */
import { describe, expect, test } from 'vitest'
import { memory, noGrad, tidy, type Device, type Tensor } from 'landbridge'
import { gradientCheck, ndOf, type Nd } from 'landbridge/testing'
import { collectGarbage } from './support/gc.js'
import { makeInput, type Variant } from './support/case.js'
import { cases } from './support/cases.js'
import { messageOf } from './support/message.js'
import { isThere, testDevice } from './support/testDevice.js'

const device = testDevice('cpu')
const there = isThere(device)

function inputsOf(variant: Variant, device: Device): Tensor[] {
  return variant.inputs.map((sample, i) => makeInput(sample, i + 1, device))
}

function expectClose(actual: Tensor, expected: Nd, tolerance: number): void {
  expect(actual.shape).toEqual([...expected.shape])
  const values = actual.dataSync()
  const finite = expected.data.filter(Number.isFinite)
  const scale = finite.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
  expected.data.forEach((value, i) => {
    const received = values[i] as number
    const same = Object.is(received, value) || Math.abs(received - value) <= tolerance * scale
    if (!same) expect.fail(`element ${i}: expected ${value} ± ${tolerance * scale}, received ${received}`)
  })
}

function checkVariant(variant: Variant, device: Device): void {
  test('value', () => {
    const inputs = inputsOf(variant, device)
    const expected = variant.reference(...inputs.map((x) => ndOf(x.shape, x.dataSync())))
    tidy(() => expectClose(variant.run(...inputs), expected, variant.tolerance ?? 1e-5))
  })
  if (variant.gradient === false) return
  test('gradient', () => {
    const order = variant.second === false ? 1 : 2
    const tolerance = variant.gradientTolerance
    gradientCheck(variant.run, inputsOf(variant, device), { reference: variant.reference, order, tolerance })
  })
}

function checkLeaks(variant: Variant, device: Device): void {
  test('leaves nothing behind', () => {
    const inputs = inputsOf(variant, device)
    const step = () => {
      tidy(() => {
        const y = variant.run(...inputs)
        if (y.requiresGrad) y.sum().backward()
      })
      for (const x of inputs) {
        x.grad?.dispose()
        x.grad = undefined
      }
      noGrad(() => tidy(() => void variant.run(...inputs)))
    }
    const left = (): number => {
      const before = memory().liveBuffers
      step()
      step()
      return memory().liveBuffers - before
    }
    step() // constants are made once
    if (left() === 0) return
    collectGarbage() // garbage of other tests, collected meanwhile, counts here too
    expect(left()).toBe(0)
  })
}

describe.runIf(there).each(cases.map((each) => [each.op, each] as const))('%s', (_, { variants, errors }) => {
  for (const variant of variants) {
    describe(`${variant.name} on ${device}`, () => {
      checkVariant(variant, device)
      if (device === 'cpu') checkLeaks(variant, device) // memory() tells of the CPU's buffers alone
    })
  }
  if (device !== 'cpu') return // mistakes are found before a device is chosen
  for (const { name, run, message } of errors ?? []) {
    test(`refuses ${name}`, () => {
      expect(messageOf(run)).toBe(message)
    })
  }
})
