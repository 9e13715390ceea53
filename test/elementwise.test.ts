/** What the op suite's one tolerance per tensor cannot show: each element's own precision, signs of zero, and gradients at ties, bounds and poles. */
import { describe, expect, test } from 'vitest'
import { grad, ops, tensor, type Tensor } from 'landbridge'
import { erf, roundHalfEven } from './support/elementwise.js'

type Op = (x: Tensor) => Tensor

/** Both signs of numbers from the smallest denormal to the largest float, and of infinity; NaN. */
const magnitudes = [
  ...[0, 2 ** -149, 1e-42, 2 ** -126, 1e-30, 1e-10, 1e-5, 2.4e-4, 0.01, 0.3, 0.5, 0.7071, 0.99, 1, 1.0001, 1.5, 2.5, 3],
  ...[5, 8.7, 9.1, 17.3, 31.4159, 88.7, 89.5, 104.5, 710, 12345.678, 1e6, 8388607.5, 1e8, 1e20, 3.4028234e38, Infinity],
].map(Math.fround)
const inputs = [...magnitudes, ...magnitudes.map((x) => -x), NaN]

const precise: [Op & { opName: string }, (x: number) => number][] = [
  [ops.neg, (x) => -x],
  [ops.abs, Math.abs],
  [ops.sign, Math.sign],
  [ops.floor, Math.floor],
  [ops.ceil, Math.ceil],
  [ops.round, roundHalfEven],
  [ops.square, (x) => x * x],
  [ops.reciprocal, (x) => 1 / x],
  [ops.sqrt, Math.sqrt],
  [ops.rsqrt, (x) => 1 / Math.sqrt(x)],
  [ops.exp, Math.exp],
  [ops.expm1, Math.expm1],
  [ops.log, Math.log],
  [ops.log1p, Math.log1p],
  [ops.erf, erf],
  [ops.sin, Math.sin],
  [ops.cos, Math.cos],
  [ops.tan, Math.tan],
  [ops.asin, Math.asin],
  [ops.acos, Math.acos],
  [ops.atan, Math.atan],
  [ops.sinh, Math.sinh],
  [ops.cosh, Math.cosh],
  [ops.tanh, Math.tanh],
  [ops.sigmoid, (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))],
  [ops.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))],
  [ops.elu, (x) => (x > 0 ? x : Math.expm1(x))],
]

/** Four units in the last place, one of them at least a denormal's. */
const margin = (expected: number) => Math.max(Math.abs(expected) * 2 ** -21, 2 ** -148)

test.each(precise.map((each) => [each[0].opName, ...each] as const))('each element of %s is precise', (_, op, f) => {
  const values = op(tensor(Float32Array.from(inputs))).dataSync()
  inputs.forEach((x, i) => {
    const [received, expected] = [values[i] as number, Math.fround(f(x))]
    if (Object.is(received, expected)) return
    const sameSign = expected !== 0 || received !== 0
    expect(sameSign, `sign of zero at ${Object.is(x, -0) ? '-0' : x}`).toBe(true)
    expect(Math.abs(received - f(x)), `at ${x}: ${received}, not ${f(x)}`).toBeLessThanOrEqual(margin(f(x)))
  })
})

test('an element does not depend on its place', () => {
  const all = Float32Array.from({ length: 37 }, (_, i) => (i - 18) / 7)
  for (const [op] of precise) {
    const together = op(tensor(all)).dataSync()
    for (const size of [1, 2, 3, 5, 7, 15, 16, 17, 31]) {
      const alone = op(tensor(all.slice(37 - size))).dataSync()
      expect(alone, op.opName).toEqual(together.slice(37 - size))
    }
  }
})

/** The gradient of the sum of f's values, at each of the inputs. */
function slopes(f: (...x: Tensor[]) => Tensor, ...values: number[][]): number[][] {
  const given = values.map((each) => tensor(each, { requiresGrad: true }))
  return grad(f(...given).sum(), given).map((g) => Array.from(g?.dataSync() ?? []))
}
/** The same, of the gradient itself. */
function curvatures(f: Op, values: number[]): number[] {
  const x = tensor(values, { requiresGrad: true })
  const [first] = grad(f(x).sum(), [x], { createGraph: true })
  const [second] = grad((first as Tensor).sum(), [x])
  return Array.from(second?.dataSync() ?? [])
}

describe('gradients where PyTorch makes a choice', () => {
  test('equal operands of maximum and minimum share it', () => {
    for (const op of [ops.maximum, ops.minimum]) {
      expect(slopes((a, b) => op(a as Tensor, b as Tensor), [1, Infinity], [1, Infinity])).toEqual([
        [0.5, 0.5],
        [0.5, 0.5],
      ])
    }
  })
  test('an operand that loses receives none, even of an infinite one', () => {
    const f = (a?: Tensor, b?: Tensor) => ops.maximum(a as Tensor, b as Tensor).mul(Infinity)
    expect(slopes(f, [1, 2], [2, 1])).toEqual([
      [0, Infinity],
      [Infinity, 0],
    ])
  })
  test('beside NaN both operands of maximum receive it', () => {
    expect(slopes((a, b) => ops.maximum(a as Tensor, b as Tensor), [NaN], [1])).toEqual([[1], [1]])
  })
  test.each([
    ['relu', ops.relu, [-1, -0, 0, 1, NaN], [0, 0, 0, 1, 1]],
    ['leakyRelu', (x: Tensor) => x.leakyRelu({ slope: 0.25 }), [-1, 0, 1], [0.25, 0.25, 1]],
    ['elu', (x: Tensor) => x.elu({ alpha: 0.5 }), [0, 1, 1000], [0.5, 1, 1]],
    ['abs', ops.abs, [-2, 0, 2], [-1, 0, 1]],
    ['clamp', (x: Tensor) => x.clamp({ min: -1, max: 1 }), [-2, -1, 0, 1, 2, NaN], [0, 1, 1, 1, 0, 0]],
    ['sqrt', ops.sqrt, [0, 4], [Infinity, 0.25]],
    ['floor', (x: Tensor) => x.floor().mul(Infinity), [1, 2.5], [0, 0]],
    ['pow 2', (x: Tensor) => x.pow(2), [0, -3], [0, -6]],
    ['pow 1', (x: Tensor) => x.pow(1), [0, -3], [1, 1]],
    ['pow 0', (x: Tensor) => x.pow(0), [0, NaN, 2], [0, 0, 0]],
    ['pow 0.5', (x: Tensor) => x.pow(0.5), [0, 4], [Infinity, 0.25]],
    ['0 to the power', (x: Tensor) => ops.pow(0, x), [0, 1, 2, Infinity], [0, 0, 0, 0]],
    ['stopGradient', (x: Tensor) => x.stopGradient().mul(x), [2, 3], [2, 3]],
    ['gelu', ops.gelu, [-50, 50], [0, 1]],
    ['silu', ops.silu, [-200, 200], [0, 1]],
  ] as [string, Op, number[], number[]][])('%s', (_, f, x, expected) => {
    expect((slopes(f as never, x)[0] as number[]).map((value) => value + 0)).toEqual(expected)
  })
  test.each([
    ['pow 2', (x: Tensor) => x.pow(2), [0, -3], [2, 2]],
    ['pow 1', (x: Tensor) => x.pow(1), [0, -3], [0, 0]],
    ['pow 0', (x: Tensor) => x.pow(0), [0, 2], [0, 0]],
    ['pow 3', (x: Tensor) => x.pow(3), [0, -1], [0, -6]],
    ['elu', ops.elu, [0, 1000], [1, 0]],
    ['clamp', (x: Tensor) => x.clamp({ min: 0 }).mul(x), [-1, 0, 1], [0, 2, 2]],
  ] as [string, Op, number[], number[]][])('of second order: %s', (_, f, x, expected) => {
    expect(curvatures(f, x).map((value) => value + 0)).toEqual(expected)
  })
})

test('where passes nothing to the operand that is not chosen', () => {
  const condition = tensor([true, false])
  const f = (a?: Tensor, b?: Tensor) => ops.where(condition, a as Tensor, b as Tensor).mul(tensor([Infinity, NaN]))
  expect(slopes(f, [1, 2], [3, 4])).toEqual([
    [Infinity, 0],
    [0, NaN],
  ])
})

test('results have the dtype that their operands call for', () => {
  const [bytes, flags] = [tensor(new Uint8Array([1, 2])), tensor([true, false])]
  const found = [
    bytes.add(1).dtype,
    bytes.maximum(300).dtype,
    bytes.maximum(0.5).dtype,
    ops.where(flags, bytes, 1).dtype,
    ops.where(flags, 1, 0).dtype,
    ops.where(flags, 0.5, 1).dtype,
    bytes.greater(1).dtype,
    bytes.pow(2).dtype,
    tensor(1).isNaN().dtype,
  ]
  expect(found).toEqual(['uint8', 'int32', 'float32', 'uint8', 'int32', 'float32', 'bool', 'float32', 'bool'])
})
