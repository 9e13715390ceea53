/** Functions of rows on the emulated CUDA device: rows of lanes, of warps, of blocks, and cut into pieces. */
import { describe, expect, test } from 'vitest'
import { ops, tensor, type Shape, type Tensor } from 'landbridge'
import { loadEmulated } from '../support/emulated.js'
import { messageOf } from '../support/message.js'
import { expectTwins, type Drawn } from '../support/twins.js'

const there = loadEmulated()

const shapes: Shape[] = [
  [13, 1],
  [50, 3],
  [20, 16],
  [9, 33],
  [5, 100],
  [9, 500],
  [4, 513],
  [3, 2048],
  [2, 4001],
  [2, 8192],
  [3, 20_001],
]

describe.runIf(there).each([
  ['softmax', (x: Tensor) => ops.softmax(x)],
  ['logSoftmax', (x: Tensor) => ops.logSoftmax(x)],
  ['logSumExp', (x: Tensor) => ops.logSumExp(x, { axis: -1 })],
])('%s', (name, f) => {
  test.each(shapes)('of %i rows of %i', (...shape) => {
    expectTwins([{ shape, range: [-30, 30], gradient: name !== 'logSumExp' }], f)
  })
  test.each([
    ['−∞ among them', [-Infinity, 1, 2]],
    ['nothing but −∞', [-Infinity, -Infinity, -Infinity]],
    ['∞', [1, Infinity, 2]],
    ['NaN', [NaN, 1, Infinity]],
  ])('of rows with %s, short and long', (_, head) => {
    for (const size of [3, 700, 9000]) {
      const rest = head[1] === -Infinity ? -Infinity : 0.5
      expectTwins([{ shape: [1, size], values: Array.from({ length: size }, (_, i) => head[i] ?? rest) }], f)
    }
  })
})

const reductions = ['mean', 'sum', 'none'] as const

describe.runIf(there)('crossEntropy', () => {
  const classes = (rows: number, count: number): Drawn[] => [
    { shape: [rows, count], gradient: true, range: [-9, 9] },
    { shape: [rows], dtype: 'int32', range: [0, count] },
  ]
  test.each([
    [7, 10],
    [5000, 3],
    [3, 5000],
    [2, 20_001],
  ])('of %i rows of %i', (rows, count) => {
    const weight: Drawn = { shape: [count], range: [0.5, 2] }
    for (const labelSmoothing of [0, 0.1]) {
      const options = { reduction: 'sum', labelSmoothing } as const
      // `mul` belongs to the gradient only where there is one: the fused slope is compared through the loss.
      const loss = ([x, y, w]: Tensor[]) => ops.crossEntropy(x as Tensor, y as Tensor, w, options)
      expectTwins(
        classes(rows, count).map((each) => ({ ...each, gradient: false })),
        (...all) => loss(all),
      )
      expectTwins([...classes(rows, count).map((each) => ({ ...each, gradient: false })), weight], (...all) =>
        loss(all),
      )
    }
  })
  test.each(reductions)('of any reduction: %s', (reduction) => {
    const inputs: Drawn[] = [...classes(40, 6), { shape: [6], range: [0.5, 2] }]
    inputs.forEach((each) => (each.gradient = false))
    expectTwins(inputs, (x, y, w) => ops.crossEntropy(x as Tensor, y as Tensor, w, { reduction }))
  })
  test('tells of a class that does not exist', () => {
    const device = 'cuda-emulated'
    const x = tensor([[1, 2, 3]], { device })
    expect(messageOf(() => ops.crossEntropy(x, tensor([3], { dtype: 'int32', device })).dataSync())).toContain(
      'expected classes from 0 to 2, received 3',
    )
  })
})

describe.runIf(there)('mseLoss', () => {
  test.each(reductions)('with its gradients: %s', (reduction) => {
    for (const size of [0, 5, 10_001].slice(reduction === 'mean' ? 1 : 0)) {
      const each: Drawn = { shape: [size], gradient: true }
      expectTwins([each, each], (a, b) => ops.mseLoss(a as Tensor, b as Tensor, { reduction }))
    }
  })
})
