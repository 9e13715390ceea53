import { expect, test } from 'vitest'
import { grad, ops, tensor } from 'landbridge'

test('a row of nothing but −∞ receives the gradient 0, not NaN', () => {
  const x = tensor(
    [
      [-Infinity, -Infinity],
      [1, 1],
    ],
    { requiresGrad: true },
  )
  const [dx] = grad(ops.sum(ops.logSumExp(x, { axis: 1 })), [x])
  expect(dx?.toArraySync()).toEqual([
    [0, 0],
    [0.5, 0.5],
  ])
})
