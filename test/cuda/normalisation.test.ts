/** Normalisations on the emulated CUDA device, with one and with many blocks per channel or row. */
import { describe, test } from 'vitest'
import { ops, type Shape, type Tensor } from 'landbridge'
import { loadEmulated } from '../support/emulated.js'
import { expectTwins, type Drawn } from '../support/twins.js'

const there = loadEmulated()
const all = (...shapes: Shape[]): Drawn[] => shapes.map((shape) => ({ shape, gradient: true }))

describe.runIf(there)('batchNorm', () => {
  test.each<[Shape]>([[[2, 3]], [[5, 1]], [[40, 4, 33]], [[3000, 3]], [[20_000, 2]], [[700, 130]]])(
    'trained on %j',
    (shape) => {
      const channels = shape.at(-1) as number
      expectTwins(
        all(shape, [channels], [channels]),
        (x, gamma, beta) => ops.batchNorm(x as Tensor, gamma, beta, undefined, undefined, { training: true }),
        1e-5,
      )
      expectTwins(all(shape), (x) => ops.batchNorm(x as Tensor, { training: true }), 1e-5)
    },
  )
  test.each<[Shape]>([[[2, 3]], [[700, 130]]])('by given moments of %j', (shape) => {
    const channels = [shape.at(-1) as number]
    const inputs: Drawn[] = [...all(shape, channels, channels, channels), { shape: channels, range: [0.5, 2] }]
    inputs.forEach((each) => (each.gradient = false))
    expectTwins(inputs, (x, ...rest) => ops.batchNorm(x as Tensor, ...(rest as [Tensor, Tensor, Tensor, Tensor])))
  })
  test('far from zero', () => {
    expectTwins(
      [{ shape: [9000, 5], range: [9999, 10001], gradient: true }],
      (x) => ops.batchNorm(x as Tensor, { training: true }),
      1e-5,
    )
  })
})

describe.runIf(there)('layerNorm', () => {
  test.each<[Shape]>([[[3, 1]], [[500, 7]], [[40, 96]], [[9, 1000]], [[3, 5000]], [[2, 20_001]], [[9000, 5]]])(
    'of the rows of %j',
    (shape) => {
      const size = [shape.at(-1) as number]
      expectTwins(all(shape, size, size), (x, gamma, beta) => ops.layerNorm(x as Tensor, gamma, beta), 1e-5)
      expectTwins(all(shape), (x) => ops.layerNorm(x as Tensor), 1e-5)
    },
  )
  test('far from zero, in registers and in pieces', () => {
    for (const size of [300, 3000, 20_000]) {
      const x: Drawn = { shape: [2, size], range: [9999, 10001], gradient: true }
      expectTwins([x], (x) => ops.layerNorm(x as Tensor), 1e-5)
    }
  })
})
