import { describe, expect, test } from 'vitest'
import { manualSeed, nn, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'

manualSeed(7)

const shape = [3, 3, 20, 40] // filters: fanIn 180, fanOut 360
const count = 7200

function moments(x: Tensor) {
  const values = [...x.dataSync()]
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)
  return { mean, deviation, largest: Math.max(...values.map(Math.abs)) }
}

/** Within five standard errors of what the distribution has. */
function expectMoments(x: Tensor, deviation: number) {
  const found = moments(x)
  expect(Math.abs(found.mean)).toBeLessThan((5 * deviation) / Math.sqrt(count))
  expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * count))
  return found
}

describe('uniform ones fill their interval', () => {
  test.each([
    ['byFanIn', () => nn.init.byFanIn(shape), 1 / Math.sqrt(180)],
    ['xavierUniform', () => nn.init.xavierUniform(shape, { gain: 2 }), 2 * Math.sqrt(6 / 540)],
    ['kaimingUniform', () => nn.init.kaimingUniform(shape), Math.sqrt(6 / 180)],
    ['kaimingUniform by fanOut', () => nn.init.kaimingUniform(shape, { mode: 'fanOut' }), Math.sqrt(6 / 360)],
    [
      'kaimingUniform of slope √5',
      () => nn.init.kaimingUniform(shape, { negativeSlope: Math.sqrt(5) }),
      1 / Math.sqrt(180),
    ],
    ['uniform', () => nn.init.uniform(shape, { low: -3, high: 3 }), 3],
  ] as const)('%s', (_, make, bound) => {
    const { largest } = expectMoments(make(), bound / Math.sqrt(3))
    expect(largest).toBeLessThanOrEqual(bound * (1 + 1e-6))
    expect(largest).toBeGreaterThan(bound * 0.99)
  })
})

describe('normal ones have their deviation', () => {
  test.each([
    ['xavierNormal', () => nn.init.xavierNormal(shape), Math.sqrt(2 / 540)],
    ['kaimingNormal', () => nn.init.kaimingNormal(shape), Math.sqrt(2 / 180)],
    ['normal', () => nn.init.normal(shape, { std: 3 }), 3],
  ] as const)('%s', (_, make, deviation) => {
    const { largest } = expectMoments(make(), deviation)
    expect(largest).toBeGreaterThan(3 * deviation)
  })
})

test.each([[[6, 4]], [[4, 6]], [[5, 5]], [[2, 2, 3, 5]]])('orthogonal %j', (each) => {
  const columns = each.at(-1) as number
  const rows = each.reduce((a, b) => a * b, 1) / columns
  const values = nn.init.orthogonal(each, { gain: 3 }).dataSync()
  const [many, along] =
    columns <= rows
      ? [columns, (i: number, k: number) => values[k * columns + i] as number]
      : [rows, (i: number, k: number) => values[i * columns + k] as number]
  const length = Math.max(rows, columns)
  for (let i = 0; i < many; i++) {
    for (let j = 0; j < many; j++) {
      let product = 0
      for (let k = 0; k < length; k++) product += along(i, k) * along(j, k)
      expect(product).toBeCloseTo(i === j ? 9 : 0, 5)
    }
  }
})

test.each([
  [() => nn.init.xavierNormal([3]), 'init: expected a shape [..., in, out], received [3]'],
  [() => nn.init.uniform([3], { low: 2 }), 'rand: expected finite numbers low ≤ high, received 2 and 1'],
  [() => nn.init.normal([3], { std: -1 }), 'randn: expected a finite mean and std ≥ 0, received 0 and -1'],
  [
    () => nn.init.kaimingNormal([3, 3], { mode: 'fan' as 'fanIn' }),
    "kaiming: expected 'fanIn' or 'fanOut' as mode, received fan",
  ],
])('refuses nonsense (%#)', (run, message) => {
  expect(messageOf(run)).toBe(message)
})
