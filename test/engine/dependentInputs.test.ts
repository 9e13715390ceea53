// A fused op whose inputs depend on each other: each input's gradient is its own share alone, also through the composed
// twin that `createGraph` takes.
import { describe, expect, it } from 'vitest'
import { grad, ops, tensor, type Tensor } from '../../src/index.js'

const x = () => tensor([0.3, -1.2, 0.7, 0.1, 2.1, -0.4], { shape: [3, 2], requiresGrad: true })
const functions: Record<string, (x: Tensor) => Tensor> = {
  mmd: (x) => ops.mmd(x, ops.tanh(ops.mul(x, 2))),
  coral: (x) => ops.coral(x, ops.tanh(ops.mul(x, 2))),
  layerNorm: (x) => ops.sum(ops.square(ops.layerNorm(x, ops.sum(x, { axis: 0 }), ops.mean(x, { axis: 0 })))),
}

describe.each(Object.entries(functions))('%s of x and a function of x', (_, f) => {
  it('has the same gradient with createGraph as without', () => {
    const [a, b] = [x(), x()]
    const [fused] = grad(f(a), [a])
    const [composed] = grad(f(b), [b], { createGraph: true })
    const [expected, received] = [fused, composed].map((each) => [...(each as Tensor).dataSync()]) as [
      number[],
      number[],
    ]
    expected.forEach((value, i) => expect(received[i]).toBeCloseTo(value, 5))
  })
})
