import { describe, expect, test } from 'vitest'
import { nn, ops, tensor, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'

const x = () => tensor([
  [1, -2],
  [0.5, 3],
]) // prettier-ignore

function naive(layer: nn.Linear, input: number[][], activate: (z: number) => number): number[][] {
  const [w, b] = [layer.weight.toArraySync() as number[][], layer.bias?.toArraySync() as number[] | undefined]
  return input.map((row) =>
    (w[0] as number[]).map((_, j) =>
      activate(row.reduce((sum, value, i) => sum + value * (w[i]?.[j] as number), b?.[j] ?? 0)),
    ),
  )
}

const activations: [nn.Activation, (z: number) => number][] = [
  ['none', (z) => z],
  ['relu', (z) => Math.max(z, 0)],
  ['tanh', Math.tanh],
  ['sigmoid', (z) => 1 / (1 + Math.exp(-z))],
  ['silu', (z) => z / (1 + Math.exp(-z))],
]

describe('Linear', () => {
  test.each(activations)('with activation %s', (activation, activate) => {
    const layer = new nn.Linear(2, 5, { activation })
    const expected = naive(layer, x().toArraySync() as number[][], activate)
    const received = layer.call(x()).toArraySync() as number[][]
    received.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i] as number, 5))
  })

  test('gelu is the op', () => {
    const layer = new nn.Linear(2, 5, { activation: 'gelu', bias: false })
    expect(layer.bias).toBeUndefined()
    expect(layer.call(x()).toArraySync()).toEqual(ops.gelu(ops.matmul(x(), layer.weight)).toArraySync())
  })

  test('takes an initialiser', () => {
    expect(new nn.Linear(2, 1, { initializer: nn.init.ones }).weight.toArraySync()).toEqual([[1], [1]])
  })

  test.each([
    [() => new nn.Linear(0, 1), 'Linear: expected an integer ≥ 1 as inputs, received 0'],
    [() => new nn.Linear(1, 1.5), 'Linear: expected an integer ≥ 1 as outputs, received 1.5'],
    [
      () => new nn.Linear(1, 1, { activation: 'toString' as 'relu' }),
      'Linear: expected an activation among none, relu, tanh, sigmoid, gelu, silu, received "toString"',
    ],
  ])('refuses what makes no layer (%#)', (make, message) => {
    expect(messageOf(make)).toBe(message)
  })
})

test('Sequential runs modules and functions, and lets layers be replaced', () => {
  const model = new nn.Sequential(new nn.Flatten(), ops.relu, (h: Tensor) => h.mul(2), new nn.Linear(4, 1))
  expect(Object.keys(model.namedParameters())).toEqual(['3.weight', '3.bias'])
  model[3] = ops.neg
  const y = model.call(tensor([[[1, -2], [3, 4]]])) // prettier-ignore
  expect(y.toArraySync()).toEqual([[-2, -0, -6, -8]])
  expect([...model].length).toBe(4)
  expect(messageOf(() => new nn.Sequential(3 as never))).toBe(
    'Sequential: expected a module or a function as layer 0, received 3',
  )
})
