import { describe, expect, test } from 'vitest'
import { manualSeed, nn, ops, rand, tensor, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'

const bound = (x: Tensor | undefined) => Math.max(...(x?.dataSync() ?? []).map(Math.abs))
const same = (a: Tensor, b: Tensor) => expect(a.toArraySync()).toEqual(b.toArraySync())

describe('convolutions hand their options to the op', () => {
  test('Conv2d', () => {
    const layer = new nn.Conv2d({ in: 4, out: 6, kernel: [3, 2], stride: 2, padding: 1, dilation: [1, 2], groups: 2 })
    expect([layer.weight.shape, layer.bias?.shape]).toEqual([[3, 2, 2, 6], [6]])
    const x = rand([2, 7, 8, 4])
    const options = { stride: 2, padding: 1, dilation: [1, 2] as [number, number], groups: 2 }
    same(layer.call(x), ops.conv2d(x, layer.weight, layer.bias, options))
    expect([layer.winograd, new nn.Conv2d({ in: 1, out: 1, kernel: 3, winograd: false }).winograd]).toEqual([
      true,
      false,
    ])
    expect(bound(layer.weight)).toBeLessThanOrEqual(1 / Math.sqrt(12))
    expect(bound(layer.weight)).toBeGreaterThan(0.5 / Math.sqrt(12))
    expect(bound(layer.bias)).toBeLessThanOrEqual(1 / Math.sqrt(12))
  })

  test('Conv1d', () => {
    const layer = new nn.Conv1d({ in: 3, out: 5, kernel: 2, padding: [2, 0], dilation: 2, bias: false })
    expect([layer.weight.shape, layer.bias]).toEqual([[2, 3, 5], undefined])
    const x = rand([2, 9, 3])
    same(layer.call(x), ops.conv1d(x, layer.weight, { padding: [2, 0], dilation: 2 }))
    expect(layer.call(x).shape).toEqual([2, 9, 5])
  })

  test('ConvTranspose2d', () => {
    const layer = new nn.ConvTranspose2d({
      in: 4,
      out: 6,
      kernel: 3,
      stride: 2,
      padding: 1,
      outputPadding: 1,
      groups: 2,
    })
    expect(layer.weight.shape).toEqual([3, 3, 3, 4])
    const x = rand([2, 5, 4, 4])
    const options = { stride: 2, padding: 1, outputPadding: 1, groups: 2 }
    same(layer.call(x), ops.convTranspose2d(x, layer.weight, layer.bias, options))
    expect(layer.call(x).shape).toEqual([2, 10, 8, 6])
  })

  test.each([
    [
      () => new nn.Conv2d({ in: 3, out: 4, kernel: 3, groups: 2 }),
      'Conv2d: expected groups that divide in and out, received 2 for 3 and 4',
    ],
    [
      () => new nn.Conv2d({ in: 3, out: 4, kernel: 0 }),
      'Conv2d: expected an integer of at least 1 as kernel, or two, received 0',
    ],
    [() => new nn.Conv1d({ in: 3, out: 4, kernel: 1.5 }), 'Conv1d: expected an integer ≥ 1 as kernel, received 1.5'],
    [() => new nn.Conv2d({ in: 0, out: 4, kernel: 1 }), 'Conv2d: expected an integer ≥ 1 as in, received 0'],
  ])('refuse what makes no layer (%#)', (make, message) => {
    expect(messageOf(make)).toBe(message)
  })
})

describe('poolings', () => {
  const x = tensor([1, 5, 2, 0, 3, 4, -1, 2, 8], { shape: [1, 3, 3, 1] })

  test('MaxPool2d', () => {
    expect(new nn.MaxPool2d({ kernel: 2, stride: 1 }).call(x).dataSync()).toEqual(new Float32Array([5, 5, 3, 8]))
  })
  test('AvgPool2d', () => {
    const options = { kernel: 2, stride: 2, padding: 1 }
    expect([...new nn.AvgPool2d(options).call(x).dataSync()]).toEqual([0.25, 1.75, -0.25, 4.25])
    expect([...new nn.AvgPool2d({ ...options, countIncludePad: false }).call(x).dataSync()]).toEqual([
      1, 3.5, -0.5, 4.25,
    ])
  })
  test('GlobalAvgPool2d', () => {
    expect(new nn.GlobalAvgPool2d().call(x).shape).toEqual([1, 1])
    expect(new nn.GlobalAvgPool2d({ keepDims: true }).call(x).toArraySync()).toEqual([[[[tensor(24 / 9).itemSync()]]]])
  })
  test('GlobalMaxPool2d', () => {
    expect(new nn.GlobalMaxPool2d().call(x).toArraySync()).toEqual([[8]])
    expect(new nn.GlobalMaxPool2d({ keepDims: true }).call(x).toArraySync()).toEqual([[[[8]]]])
  })
  test('refuse to have no kernel', () => {
    expect(messageOf(() => new nn.MaxPool2d({} as nn.PoolOptions))).toBe(
      'MaxPool2d: expected an integer of at least 1 as kernel, or two, received nothing',
    )
  })
})

test('Dropout drops while training only', () => {
  manualSeed(1)
  const [layer, x] = [new nn.Dropout(0.25), tensor(new Float32Array(4000).fill(3))]
  const values = [...layer.call(x).dataSync()]
  expect(new Set(values)).toEqual(new Set([0, 4]))
  expect(values.filter((value) => value === 0).length / 4000).toBeCloseTo(0.25, 1)
  same(layer.eval().call(x), x)
  expect(messageOf(() => new nn.Dropout(2))).toBe('Dropout: expected a number from 0 to 1 as p, received 2')
})

test('Embedding picks rows, and its gradient reaches them alone', () => {
  const layer = new nn.Embedding(4, 2)
  const rows = layer.weight.toArraySync() as number[][]
  const y = layer.call(tensor(new Int32Array([3, 1, 3, 3]), { shape: [2, 2] }))
  expect(y.toArraySync()).toEqual([[rows[3], rows[1]], [rows[3], rows[3]]]) // prettier-ignore
  y.sum().backward()
  expect(layer.weight.grad?.toArraySync()).toEqual([[0, 0], [1, 1], [0, 0], [3, 3]]) // prettier-ignore
})
