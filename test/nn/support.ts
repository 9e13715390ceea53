/** What the tests of folding share: models with statistics of their own, and ways to tell what ran. */
import { expect, vi } from 'vitest'
import { nn, noGrad, rand, randn, tidy, type Tensor } from 'landbridge'
import { KernelTable } from '../../src/engine/execute.js'

export const conv = (inputs: number, outputs: number, kernel = 3, stride = 1, bias = false): nn.Conv2d =>
  new nn.Conv2d({ in: inputs, out: outputs, kernel, stride, padding: (kernel - 1) / 2, bias })

/** A norm with random parameters and statistics. */
export function norm(features: number, options: nn.BatchNormOptions = {}): nn.BatchNorm {
  const layer = new nn.BatchNorm(features, options)
  const [gamma, beta] = [rand([features], { low: -2, high: 2 }), randn([features])]
  const [runningMean, runningVar] = [randn([features]), rand([features], { low: 0.1, high: 3 })]
  layer.loadStateDict({ gamma, beta, runningMean, runningVar }, { strict: false })
  for (const each of [gamma, beta, runningMean, runningVar]) each.dispose()
  return layer
}

/** Equal up to 1e-5 of the largest magnitude. */
export function expectNear(actual: Tensor, expected: Tensor, tolerance = 1e-5): void {
  expect(actual.shape).toEqual(expected.shape)
  const [a, b] = [actual, expected].map((each) => [...each.dataSync()]) as [number[], number[]]
  const scale = b.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
  const worst = a.reduce((m, v, i) => Math.max(m, Math.abs(v - (b[i] as number))), 0)
  expect(Number.isNaN(worst) ? Infinity : worst).toBeLessThanOrEqual(tolerance * scale)
}

/** The kernels of one more call, in order. */
export function kernelsOf(model: nn.Module, x: Tensor): string[] {
  tidy(() => void model.call(x)) // what is folded is folded now
  const looked = vi.spyOn(KernelTable.prototype, 'number')
  try {
    tidy(() => void model.call(x))
    return looked.mock.contexts.map((table) => (table instanceof KernelTable ? table.name : ''))
  } finally {
    looked.mockRestore()
  }
}

/** What the model gives without any folding: x needs a gradient. */
export function unfolded(model: nn.Module, x: Tensor): Tensor {
  const y = model.call(variable(x))
  expect(y.requiresGrad).toBe(true)
  return y
}

export function variable(x: Tensor): Tensor {
  const leaf = noGrad(() => x.mul(1))
  leaf.requiresGrad = true
  return leaf
}

/** After `eval`, folded and unfolded give the same. */
export function expectSame(model: nn.Module, x: Tensor): void {
  model.eval()
  tidy(() =>
    expectNear(
      noGrad(() => model.call(x)),
      unfolded(model, x),
    ),
  )
}
