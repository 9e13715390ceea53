import { afterAll, describe, expect, test } from 'vitest'
import { manualSeed, rand, randint, randn, randperm, setThreads, type Tensor } from 'landbridge'
import { randomState, setRandomState } from '../../src/engine/random.js'
import { messageOf } from '../support/message.js'
import { philox, wordAt } from '../support/philox.js'

afterAll(() => setThreads(2))

test('the reference passes the known-answer tests of Random123', () => {
  const ones = 0xffffffff
  expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
  expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])
  expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
    0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
  ])
})

const seeds: [number, number][] = [
  [0, 0],
  [2 ** 53 - 1, 0],
  [123456789012345, 2 ** 32 - 8], // the counter's second word begins to count
]

describe.each(seeds)('seed %d, counter %d', (seed, offset) => {
  const words = (count: number) => Array.from({ length: count }, (_, i) => wordAt(seed, offset, i))
  const start = () => setRandomState({ seed, offset })

  test('rand', () => {
    start()
    expect([...rand([200]).dataSync()]).toEqual(words(200).map((word) => (word >>> 8) / 2 ** 24))
  })

  test('randint', () => {
    start()
    const expected = words(130).map((word) => -5 + Math.floor((word * 17) / 2 ** 32))
    expect([...randint(-5, 12, [2, 65]).dataSync()]).toEqual(expected)
  })

  test('randint over all of int32', () => {
    start()
    expect([...randint(-(2 ** 31), 2 ** 31, [70]).dataSync()]).toEqual(words(70).map((word) => word - 2 ** 31))
  })

  test('randn', () => {
    start()
    const unit = words(128).map((word) => (word + 0.5) / 2 ** 32)
    randn([100], { mean: 3, std: 2 })
      .dataSync()
      .forEach((value, i) => {
        const row = Math.floor((i % 64) / 16)
        const partner = row % 2 === 0 ? i : i - 16
        const radius = Math.sqrt(-2 * Math.log(unit[partner] as number))
        const angle = 2 * Math.PI * (unit[partner + 16] as number)
        expect(value).toBeCloseTo(3 + 2 * radius * (row % 2 === 0 ? Math.cos(angle) : Math.sin(angle)), 4)
      })
  })

  test('randperm', () => {
    start()
    const expected = Array.from({ length: 100 }, (_, i) => i)
    words(100).forEach((word, i) => {
      const other = i + Number((BigInt(word) * BigInt(100 - i)) >> 32n)
      ;[expected[i], expected[other]] = [expected[other] as number, expected[i] as number]
    })
    expect([...randperm(100).dataSync()]).toEqual(expected)
  })
})

const draws: [string, () => Tensor][] = [
  ['rand', () => rand([70_000])],
  ['randn', () => randn([70_000])],
  ['randint', () => randint(0, 1000, [70_000])],
]

describe.each(draws)('%s', (_, draw) => {
  test('gives the same numbers for the same seed, on one thread and on two', () => {
    const on = (threads: number) => {
      setThreads(threads)
      manualSeed(5)
      return draw().dataSync()
    }
    expect(on(1)).toEqual(on(2))
  })

  test('gives others at every call, and continues from a state', () => {
    manualSeed(5)
    const first = draw().dataSync()
    const state = randomState()
    const second = draw().dataSync()
    expect(second).not.toEqual(first)
    setRandomState(JSON.parse(JSON.stringify(state)) as typeof state)
    expect(draw().dataSync()).toEqual(second)
  })
})

test('a longer tensor begins with the shorter one', () => {
  manualSeed(9)
  const short = rand([10]).dataSync()
  manualSeed(9)
  expect(rand([1000]).dataSync().slice(0, 10)).toEqual(short)
})

/** Moments of 100,000 numbers, within five standard errors. */
function moments(values: ArrayLike<number>): { mean: number; variance: number; kurtosis: number } {
  const list = Array.from(values)
  const mean = list.reduce((a, b) => a + b, 0) / list.length
  const central = (power: number) => list.reduce((sum, v) => sum + (v - mean) ** power, 0) / list.length
  return { mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 }
}

describe('moments', () => {
  const n = 100_000
  test('of rand', () => {
    manualSeed(1)
    const values = rand([n], { low: -1, high: 3 }).dataSync()
    const { mean, variance } = moments(values)
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(16 / 12 / n))
    expect(Math.abs(variance - 16 / 12)).toBeLessThan(0.03)
    expect(values.every((value) => value >= -1 && value < 3)).toBe(true)
  })
  test('of randn', () => {
    manualSeed(2)
    const { mean, variance, kurtosis } = moments(randn([n]).dataSync())
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n))
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / n))
  })
  test('of randint', () => {
    manualSeed(3)
    const counts = new Array<number>(7).fill(0)
    for (const value of randint(0, 7, [n], { dtype: 'uint8' }).dataSync()) counts[value] = (counts[value] ?? 0) + 1
    const chiSquared = counts.reduce((sum, count) => sum + (count - n / 7) ** 2 / (n / 7), 0)
    expect(chiSquared).toBeLessThan(33.1) // 6 degrees of freedom, p = 1e-5
  })
})

test('empty tensors and single numbers', () => {
  expect(rand([0, 3]).shape).toEqual([0, 3])
  expect([...randperm(0).dataSync()]).toEqual([])
  expect([...randperm(1).dataSync()]).toEqual([0])
  expect(randint(4, 5, []).itemSync()).toBe(4)
  expect(rand([3], { low: 2, high: 2 }).toArraySync()).toEqual([2, 2, 2])
  expect(rand([1], { requiresGrad: true }).requiresGrad).toBe(true)
})

test.each<[string, () => unknown, string]>([
  [
    'a fractional seed',
    () => manualSeed(0.5),
    'manualSeed: expected an integer from 0 to 2^53 − 1 as seed, received 0.5',
  ],
  [
    'bounds that cross',
    () => rand([1], { low: 1, high: 0 }),
    'rand: expected finite numbers low ≤ high, received 1 and 0',
  ],
  ['a negative std', () => randn([1], { std: -1 }), 'randn: expected a finite mean and std ≥ 0, received 0 and -1'],
  [
    'an empty range',
    () => randint(3, 3, [1]),
    'randint: expected integers low < high from -2147483648 to 2147483648 for int32, received 3 and 3',
  ],
  [
    'a range beyond uint8',
    () => randint(0, 257, [1], { dtype: 'uint8' }),
    'randint: expected integers low < high from 0 to 256 for uint8, received 0 and 257',
  ],
  ['a negative count', () => randperm(-1), 'randperm: expected an integer from 0 to 2147483647, received -1'],
])('refuses %s', (_, run, message) => {
  expect(messageOf(run)).toBe(message)
})
