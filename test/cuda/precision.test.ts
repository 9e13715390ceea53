/** How products of matrices are rounded, and what stays float32. */
import { grad, nn, ops, optim, tensor, transfer, withPrecision, type Precision, type Tensor } from 'landbridge'
import { describe, expect, it, vi } from 'vitest'
import { native } from '../../src/engine/native.js'
import { currentPrecision } from '../../src/engine/precision.js'
import { CUDA, emulated } from '../support/cuda.js'
import { messageOf } from '../support/message.js'

const N = 32
/** What bfloat16 (7 bits of fraction) rounds to 1, and TF32 (10 bits) keeps; what both round to 1. */
const [COARSE, FINE] = [1 + 2 ** -9, 1 + 2 ** -12]
const filled = (value: number, shape = [N, N], requiresGrad = false) =>
  tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), { shape, device: CUDA, requiresGrad })
const first = (x: Tensor): number => x.dataSync()[0]!

/** What a factor becomes at each precision, when it is multiplied by ones and summed. */
const expected: Record<Precision, { coarse: number; fine: number }> = {
  float32: { coarse: COARSE, fine: FINE },
  tf32: { coarse: COARSE, fine: 1 },
  bfloat16: { coarse: 1, fine: 1 },
}

describe('withPrecision', () => {
  it('gives what the function gives, and refuses what is no precision, no function or a promise', () => {
    expect(withPrecision('tf32', () => 5)).toBe(5)
    expect(messageOf(() => withPrecision('fp8' as Precision, () => 1))).toBe(
      "withPrecision: expected 'float32', 'tf32', 'bfloat16' as precision, received \"fp8\"",
    )
    expect(messageOf(() => withPrecision('tf32', 5 as never))).toBe('withPrecision: expected a function, received 5')
    expect(messageOf(() => void withPrecision('tf32', () => Promise.resolve()))).toBe(
      'withPrecision: expected a synchronous function, received one that returned a promise',
    )
  })

  it('tells the native side of changes alone, and puts back what was in force, also after an error', () => {
    const told = vi.spyOn(native, 'precision')
    withPrecision('float32', () => undefined)
    expect(told.mock.calls).toEqual([])
    withPrecision('tf32', () => {
      withPrecision('tf32', () => undefined)
      withPrecision('bfloat16', () => undefined)
    })
    expect(messageOf(() => withPrecision('bfloat16', () => expect.fail('thrown')))).toBe('thrown')
    expect(told.mock.calls).toEqual([[1], [2], [1], [0], [2], [0]])
    told.mockRestore()
  })

  it('changes nothing on the CPU', () => {
    const run = () => {
      const x = tensor([[COARSE, FINE, 0.1]], { requiresGrad: true })
      const y = x.matmul(tensor([[1], [1], [0.3]]))
      y.square().backward()
      return [...y.dataSync(), ...x.grad!.dataSync()]
    }
    expect(withPrecision('bfloat16', run)).toEqual(run())
  })
})

describe('fit', () => {
  it('computes the model at the precision asked for, and every loss in float32', async () => {
    const seen = { model: new Set<Precision>(), loss: new Set<Precision>(), alignment: new Set<Precision>() }
    class Watched extends nn.Linear {
      override forward(x: Tensor): Tensor {
        seen.model.add(currentPrecision())
        return super.forward(x)
      }
    }
    const watched = (kind: 'loss' | 'alignment', y: Tensor) => {
      seen[kind].add(currentPrecision())
      return y.square().mean()
    }
    const x = tensor([[1], [2], [3], [4]])
    await transfer.fit({
      model: { features: new Watched(1, 2), head: new Watched(2, 1) },
      loss: (output, y) => watched('loss', output.sub(y)),
      source: { x, y: x },
      validation: { x, y: x },
      target: { x },
      method: { parameters: () => [], loss: ({ target }) => watched('alignment', target.features) },
      epochs: 1,
      precision: 'tf32',
    })
    const float32 = new Set(['float32'])
    expect(seen).toEqual({ model: new Set(['tf32']), loss: float32, alignment: float32 })
    expect(currentPrecision()).toBe('float32')
  })
})

describe.skipIf(!emulated)('products of matrices', () => {
  const products: Record<string, (x: Tensor) => Tensor> = {
    matmul: (x) => x.matmul(filled(1)),
    'matmul, transposed': (x) => x.matmul(filled(1), { transposeA: true, transposeB: true }),
    'matmul, batched': (x) => x.reshape({ shape: [2, N / 2, N] }).matmul(filled(1, [2, N, N])),
    linear: (x) => ops.linear(x, filled(1), filled(0, [N])),
    conv2d: (x) => ops.conv2d(x.reshape({ shape: [1, N, 1, N] }), filled(1, [1, 1, N, N])),
  }
  it.each(Object.entries(products))('%s has rounded operands and float32 sums', (_, product) => {
    for (const precision of ['float32', 'tf32', 'bfloat16'] as const) {
      const { coarse, fine } = expected[precision]
      const at = (value: number) => withPrecision(precision, () => first(product(filled(value))))
      expect([precision, at(COARSE), at(FINE)]).toEqual([precision, N * coarse, N * fine])
    }
  })

  it('recurrent layers too', () => {
    const lstm = new nn.LSTM({ in: N, hidden: N, returns: 'last', device: CUDA })
    const x = filled(0.3, [4, 3, N])
    const outputs = (['float32', 'tf32', 'bfloat16'] as const).map((precision) =>
      withPrecision(precision, () => lstm.call(x).dataSync()),
    )
    const [exact, ...rounded] = outputs
    const errors = rounded.map((each) => Math.max(...each.map((value, i) => Math.abs(value - exact![i]!))))
    expect(errors[0]).toBeGreaterThan(0)
    expect(errors[0]).toBeLessThan(2 ** -9)
    expect(errors[1]).toBeGreaterThan(errors[0]!)
    expect(errors[1]).toBeLessThan(2 ** -6)
  })

  it('have gradients at the precision in which they were computed', () => {
    const [x, w] = [filled(COARSE), filled(1, [N, N], true)]
    const rounded = withPrecision('bfloat16', () => x.matmul(w))
    const exact = x.matmul(w)
    const gradient = (y: Tensor) => first(grad(y.sum(), [w])[0]!)
    expect([gradient(rounded), gradient(exact)]).toEqual([N, N * COARSE])
    const again = [withPrecision('bfloat16', () => x.matmul(w)), x.matmul(w)]
    expect(again.map((y) => withPrecision('tf32', () => gradient(y)))).toEqual([N, N * COARSE])
    expect(first(x.matmul(filled(1)))).toBe(N * COARSE) // what was in force is so again
  })

  it('have second-order gradients at that precision', () => {
    const [x, w] = [filled(COARSE), filled(1, [N, N], true)]
    const y = withPrecision('bfloat16', () => x.matmul(w.square()))
    const [slope] = grad(y.sum(), [w], { createGraph: true })
    expect(first(grad(slope!.sum(), [w])[0]!)).toBe(2 * N)
  })

  it('train float32 weights: steps too small for bfloat16 add up', () => {
    const w = filled(1, [N, 1], true)
    const optimizer = new optim.SGD([w], { lr: 2 ** -12 })
    for (let i = 0; i < 16; i++) {
      optimizer.zeroGrad()
      withPrecision('bfloat16', () => filled(1, [1, N]).matmul(w))
        .sum()
        .backward()
      optimizer.step()
    }
    expect(first(w)).toBe(1 - 16 * 2 ** -12)
  })

  it('are at the precision asked for in predictions', async () => {
    const head = new nn.Linear(N, 1, { bias: false, initializer: nn.init.ones, device: CUDA })
    const model = { features: new nn.Flatten(), head }
    const x = filled(COARSE, [3, N])
    expect([...(await transfer.predict(model, x))]).toEqual(Array(3).fill(N * COARSE))
    expect([...(await transfer.predict(model, x, { precision: 'bfloat16' }))]).toEqual(Array(3).fill(N))
    expect([...(await transfer.extract(model, x, { precision: 'bfloat16' }))]).toEqual(
      Array(3 * N).fill(Math.fround(COARSE)),
    )
  })
})
