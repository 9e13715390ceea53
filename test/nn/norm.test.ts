import { describe, expect, test } from 'vitest'
import { manualSeed, memory, nn, noGrad, ops, rand, tensor, tidy } from 'landbridge'
import { messageOf } from '../support/message.js'

const batches = [
  [[1, 10], [3, -2], [8, 1]],
  [[0, 4], [2, 5], [-7, 6]],
] as const // prettier-ignore

/** Mean and variance (over n − 1) of column j. */
function moments(rows: readonly (readonly number[])[], j: number): [number, number] {
  const column = rows.map((row) => row[j] as number)
  const mean = column.reduce((a, b) => a + b, 0) / column.length
  return [mean, column.reduce((a, b) => a + (b - mean) ** 2, 0) / (column.length - 1)]
}

const close = (received: ArrayLike<number>, expected: number[]) =>
  Array.from(received).forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 4))

describe('BatchNorm', () => {
  test('normalises by the batch, and moves the running statistics', () => {
    const layer = new nn.BatchNorm(2, { momentum: 0.3 })
    layer.loadStateDict({ gamma: tensor([2, 3]), beta: tensor([-1, 1]) }, { strict: false })
    const running = [0, 1].map(() => [0, 1] as [number, number])
    for (const rows of batches) {
      const y = layer.call(tensor(rows))
      const found = [0, 1].map((j) => moments(rows, j)) as [[number, number], [number, number]]
      const expected = rows.flatMap((row) =>
        row.map((value, j) => {
          const [mean, variance] = found[j] as [number, number]
          return ((value - mean) / Math.sqrt((variance * 2) / 3 + 1e-5)) * [2, 3][j]! + [-1, 1][j]!
        }),
      )
      close(y.dataSync(), expected)
      running.forEach((each, j) => found[j]?.forEach((value, i) => (each[i] = 0.7 * (each[i] as number) + 0.3 * value)))
    }
    close(
      layer.runningMean.dataSync(),
      running.map(([mean]) => mean),
    )
    close(layer.runningVar.dataSync(), running.map(([, variance]) => variance)) // prettier-ignore
  })

  test('after eval the running statistics normalise and stay', () => {
    const layer = new nn.BatchNorm(2, { affine: false })
    layer.loadStateDict({ runningMean: tensor([1, 2]), runningVar: tensor([4, 9]) })
    const y = layer.eval().call(tensor([[3, -1]]))
    close(y.dataSync(), [1, -1])
    expect(layer.runningMean.toArraySync()).toEqual([1, 2])
  })

  test('gradients see the moments as functions of x, and reach gamma and beta', () => {
    const layer = new nn.BatchNorm(2)
    const x = tensor(batches[0], { requiresGrad: true })
    layer.call(x).sum().backward()
    close(x.grad?.dataSync() ?? [], [0, 0, 0, 0, 0, 0])
    expect(layer.beta?.grad?.toArraySync()).toEqual([3, 3])
    expect(layer.runningMean.grad).toBeUndefined()
  })

  test('statistics live on after calls, tidy and noGrad, and nothing is left behind', () => {
    manualSeed(2)
    const [layer, x] = [new nn.BatchNorm(3), rand([8, 3])]
    const step = () => noGrad(() => tidy(() => void layer.call(x)))
    step()
    const before = memory().liveBuffers
    step()
    expect(memory().liveBuffers).toBeLessThanOrEqual(before)
    expect(Object.keys(layer.namedBuffers())).toEqual(['runningMean', 'runningVar'])
    expect(layer.buffers().every((each) => !each.isDisposed)).toBe(true)
  })

  test('a snapshot of the state is not touched by later batches', () => {
    const layer = new nn.BatchNorm(2)
    const state = layer.stateDict()
    layer.call(tensor(batches[0]))
    expect(state.runningMean?.toArraySync()).toEqual([0, 0])
    expect(layer.runningMean.toArraySync()).not.toEqual([0, 0])
  })

  test('refuses nonsense', () => {
    expect(messageOf(() => new nn.BatchNorm(2, { momentum: 2 }))).toBe(
      'BatchNorm: expected a number from 0 to 1 as momentum, received 2',
    )
  })
})

describe('LayerNorm', () => {
  test('is the op over the last axes', () => {
    const layer = new nn.LayerNorm([3, 2], { epsilon: 1e-3 })
    layer.loadStateDict({ gamma: rand([3, 2]), beta: rand([3, 2]) })
    const x = rand([4, 3, 2])
    const expected = ops.layerNorm(x, layer.gamma, layer.beta, { normalizedDims: 2, epsilon: 1e-3 })
    expect(layer.call(x).toArraySync()).toEqual(expected.toArraySync())
  })

  test('without gamma and beta every row has mean 0 and variance 1', () => {
    const y = new nn.LayerNorm(4, { affine: false, epsilon: 0 }).call(tensor([[1, 2, 3, 4]]))
    const r = Math.sqrt(1.25)
    close(y.dataSync(), [-1.5 / r, -0.5 / r, 0.5 / r, 1.5 / r])
  })

  test('refuses other axes', () => {
    expect(messageOf(() => new nn.LayerNorm(3, { affine: false }).call(rand([2, 4])))).toBe(
      'LayerNorm: expected x whose last axes are [3], received [2, 4]',
    )
    expect(messageOf(() => new nn.LayerNorm([]))).toBe('LayerNorm: expected the sizes of 1 to 8 axes, received []')
  })
})
