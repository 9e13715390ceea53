import { describe, expect, test } from 'vitest'
import { optim } from 'landbridge'
import { messageOf } from '../support/message.js'
import { parameter } from './support.js'

const { schedule } = optim
const make = (...lrs: number[]) =>
  new optim.SGD(
    lrs.map((lr) => ({ parameters: [parameter([0])], lr })),
    { lr: 1 },
  )

/** The first group's rate at the start and after each step. */
function rates(
  schedule_: { step: () => void; optimizer: { groups: readonly { lr: number }[] } },
  steps: number,
): number[] {
  const lr = () => schedule_.optimizer.groups[0]?.lr as number
  const list = [lr()]
  for (let i = 0; i < steps; i++) {
    schedule_.step()
    list.push(lr())
  }
  return list
}

function expectRates(actual: number[], expected: number[]): void {
  expect(actual).toHaveLength(expected.length)
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 10))
}

describe('rates', () => {
  test('step', () => {
    expectRates(rates(schedule.step(make(8), { stepSize: 2, gamma: 0.5 }), 5), [8, 8, 4, 4, 2, 2])
  })
  test('exponential', () => {
    expectRates(rates(schedule.exponential(make(8), { gamma: 0.5 }), 3), [8, 4, 2, 1])
  })
  test('cosine ends at the smallest rate and stays there', () => {
    const half = Math.SQRT1_2
    expectRates(rates(schedule.cosine(make(3), { totalSteps: 4, minLr: 1 }), 6), [3, 2 + half, 2, 2 - half, 1, 1, 1])
  })
  test('linearWarmup', () => {
    expectRates(rates(schedule.linearWarmup(make(4), { totalSteps: 4, startFactor: 0 }), 5), [0, 1, 2, 3, 4, 4])
    expectRates(rates(schedule.linearWarmup(make(3), { totalSteps: 2 }), 2), [1, 2, 3])
  })
  test('lambda', () => {
    expectRates(
      rates(
        schedule.lambda(make(2), (t) => 1 / (1 + t)),
        3,
      ),
      [2, 1, 2 / 3, 0.5],
    )
  })
  test('oneCycle', () => {
    // the formula of torch's OneCycleLR; the peak is step 5/11 · 11 − 1 = 4
    const options = { maxLr: 1, totalSteps: 11, percentStart: 5 / 11, divFactor: 4, finalDivFactor: 10 }
    const up = (t: number) => 0.25 + (0.75 * (1 - Math.cos((Math.PI * t) / 4))) / 2
    const down = (t: number) => 0.025 + (0.975 * (1 + Math.cos((Math.PI * (t - 4)) / 6))) / 2
    const expected = Array.from({ length: 11 }, (_, t) => (t <= 4 ? up(t) : down(t)))
    expectRates(rates(schedule.oneCycle(make(9), options), 12), [...expected, 0.025, 0.025])
  })
  test('each group has its own', () => {
    const optimizer = make(8, 2)
    schedule.exponential(optimizer, { gamma: 0.5 }).step()
    expect(optimizer.groups.map((group) => group.lr)).toEqual([4, 1])
  })
})

describe('reduceOnPlateau', () => {
  test('lowers the rate when nothing improves', () => {
    const optimizer = make(8)
    const plateau = schedule.reduceOnPlateau(optimizer, { factor: 0.5, patience: 1, cooldown: 2, minLr: 3 })
    const seen = [5, 4, 4, 4, 4, 4, 4, 4, 4, 1].map((metric) => {
      plateau.step(metric)
      return optimizer.groups[0]?.lr
    })
    expect(seen).toEqual([8, 8, 8, 4, 4, 4, 4, 3, 3, 3])
  })
  test('can watch for the largest, by an amount', () => {
    const optimizer = make(1)
    const options = { mode: 'max', thresholdMode: 'abs', threshold: 1, patience: 0, factor: 0.5 } as const
    const plateau = schedule.reduceOnPlateau(optimizer, options)
    const seen = [1, 3, 3.5, NaN, 4.5].map((metric) => {
      plateau.step(metric)
      return optimizer.groups[0]?.lr
    })
    expect(seen).toEqual([1, 1, 0.5, 0.25, 0.25])
  })
  test('continues from a state', () => {
    const optimizer = make(1)
    const first = schedule.reduceOnPlateau(optimizer, { patience: 2 })
    for (const metric of [1, 1, 1]) first.step(metric)
    const second = schedule.reduceOnPlateau(optimizer, { patience: 2 })
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as ReturnType<typeof first.stateDict>)
    second.step(1)
    expect(optimizer.groups[0]?.lr).toBe(0.1)
  })
})

test('a schedule continues from a state', () => {
  const first = schedule.cosine(make(1), { totalSteps: 10 })
  rates(first, 4)
  const optimizer = make(0.3)
  const second = schedule.cosine(optimizer, { totalSteps: 10 })
  second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as ReturnType<typeof first.stateDict>)
  expect(optimizer.groups[0]?.lr).toBe(first.optimizer.groups[0]?.lr)
  expect(rates(second, 3)).toEqual(rates(first, 3))
})

test.each<[string, () => unknown, string]>([
  [
    'no steps',
    () => schedule.cosine(make(1), { totalSteps: 0 }),
    'schedule.cosine: expected an integer of at least 1 as totalSteps, received 0',
  ],
  [
    'an unknown option',
    () => schedule.step(make(1), { stepSize: 1, factor: 2 } as never),
    'schedule.step: expected options among stepSize, gamma, received "factor"',
  ],
  [
    'a factor of NaN',
    () => schedule.lambda(make(1), () => NaN),
    'schedule.lambda: expected a finite number from the function, received NaN',
  ],
  [
    'a factor of 1',
    () => schedule.reduceOnPlateau(make(1), { factor: 1 }),
    'schedule.reduceOnPlateau: expected a number from 0 to below 1 as factor, received 1',
  ],
  [
    'a state of other groups',
    () => schedule.exponential(make(1), { gamma: 1 }).loadStateDict({ steps: 1, baseLrs: [1, 2] }),
    'schedule.loadStateDict: expected rates of 1 groups, received 2',
  ],
])('refuses %s', (_, run, message) => {
  expect(messageOf(run)).toBe(message)
})
