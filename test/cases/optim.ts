/** The kernels of the optimisers, each through the optimiser; more in test/optim. */
import { noGrad, ops, optim, tensor, type Tensor } from 'landbridge'
import { ndOf, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'

/** The parameter after two steps with one gradient. */
function twoSteps(make: (parameters: Tensor[]) => optim.SGD | optim.Adam) {
  return (p: Tensor, g: Tensor): Tensor => {
    const parameter = tensor(p.dataSync(), { shape: p.shape, device: p.device })
    parameter.grad = noGrad(() => ops.mul(g, 1)) as Tensor<'float32'>
    const optimizer = make([parameter])
    optimizer.step()
    optimizer.step()
    optimizer.dispose()
    return parameter
  }
}

const each = (f: (p: number, g: number) => number) => (p: Nd, g: Nd) =>
  ndOf(
    p.shape,
    p.data.map((value, i) => f(value, g.data[i] as number)),
  )

function variants(run: (p: Tensor, g: Tensor) => Tensor, f: (p: number, g: number) => number): Variant[] {
  return [[3, 5], [1], [0], [67]].map((shape) => ({
    name: `[${shape.join(', ')}]`,
    inputs: [
      { shape, requiresGrad: false },
      { shape, requiresGrad: false },
    ],
    run,
    reference: each(f),
    gradient: false,
  }))
}

function clipped(_: Tensor, g: Tensor): Tensor {
  const parameter = tensor(g.dataSync(), { shape: g.shape, device: g.device })
  parameter.grad = noGrad(() => ops.mul(g, 1)) as Tensor<'float32'>
  optim.clipGradNorm([parameter], 0.5)
  return parameter.grad
}

function clippedReference(_: Nd, g: Nd): Nd {
  let squares = 0
  for (const value of g.data) squares += value * value
  const factor = Math.min(1, 0.5 / (Math.sqrt(squares) + 1e-6))
  return ndOf(
    g.shape,
    g.data.map((value) => value * factor),
  )
}

export default [
  opCase({
    op: 'sgd',
    variants: variants(
      twoSteps((p) => new optim.SGD(p, { lr: 0.1, momentum: 0.5 })),
      (p, g) => p - 0.1 * g - 0.1 * 1.5 * g,
    ),
  }),
  opCase({
    op: 'adam',
    variants: variants(
      twoSteps((p) => new optim.Adam(p, { lr: 0.1, epsilon: 0.5 })),
      (p, g) => p - (0.2 * g) / (Math.abs(g) + 0.5), // both moments are unbiased: exactly g and g²
    ),
  }),
  opCase({
    op: 'gradientNorm',
    covers: ['gradientScale'],
    variants: variants(clipped, () => 0).map((variant) => ({ ...variant, reference: clippedReference })),
  }),
]
