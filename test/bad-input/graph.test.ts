/** Graphs, scopes and modules used as nobody should. */
import { describe, expect, test } from 'vitest'
import { grad, keep, memory, nn, noGrad, ops, tensor, tidy, zeros, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'

const leaf = () => tensor([1, 2, 3], { requiresGrad: true })

describe('backward', () => {
  test.each([
    ['a vector', () => leaf().mul(2).backward(), 'backward: expected a scalar, or a gradient for its result, received shape [3]'],
    ['a constant', () => zeros([]).backward(), 'backward: expected a result that depends on a tensor with requiresGrad, received one that does not'],
    ['integers', () => tensor([1], { dtype: 'int32', requiresGrad: true }), 'tensor: expected dtype float32 with requiresGrad, received int32'],
    ['a gradient of another shape', () => leaf().mul(2).backward({ gradient: zeros([2]) }), 'backward: expected a gradient of shape [3], received [2]'],
    ['an integer gradient', () => leaf().mul(2).backward({ gradient: zeros([3], { dtype: 'int32' }) }), 'backward: expected a gradient of dtype float32, received int32'],
    ['inputs without requiresGrad', () => grad(leaf().sum(), [zeros([2])]), 'grad: expected inputs with requiresGrad, received one without'],
  ] as [string, () => unknown, string][])('%s', (_, run, message) => {
    expect(messageOf(run)).toBe(message)
  }) // prettier-ignore
  test('twice over one graph', () => {
    const y = leaf().square().sum()
    y.backward()
    expect(messageOf(() => y.backward())).toMatch(
      /^backward: expected a graph that is still there .*, received one freed at/,
    )
  })
  test('a result that was disposed of', () => {
    const y = leaf().square().sum()
    y.dispose()
    expect(messageOf(() => y.backward())).toMatch(/^backward: expected a live tensor/)
  })
  test('an input that was disposed of: its value is saved, its gradient arrives', () => {
    const x = leaf()
    const y = x.square().sum()
    x.dispose()
    y.backward()
    expect([...(x.grad?.dataSync() ?? [])]).toEqual([2, 4, 6])
  })
  test('unrelated inputs have no gradient', () => {
    expect(grad(leaf().sum(), [leaf()])).toEqual([undefined])
  })
})

describe('values that the caller changes later', () => {
  test('shape arrays and options', () => {
    const shape = [2, 3]
    const axis = [0]
    const x = tensor([1, 2, 3, 4, 5, 6], { shape, requiresGrad: true })
    const wide = ops.broadcastTo(x, { shape })
    const y = ops.sum(x, { axis })
    shape[0] = 99
    axis[0] = 1
    expect([x.shape, wide.shape, y.shape]).toEqual([[2, 3], [2, 3], [3]])
    y.sum().backward()
    expect(x.grad?.shape).toEqual([2, 3])
  })
  test('the shape of a tensor cannot be written', () => {
    const shape = zeros([2]).shape as number[]
    expect(() => (shape[0] = 1000)).toThrow(TypeError)
  })
  test('typed arrays, shared ones too', () => {
    const values = new Float32Array(new SharedArrayBuffer(8))
    const x = tensor(values)
    values.fill(7)
    expect([...x.dataSync()]).toEqual([0, 0])
  })
})

describe('scopes', () => {
  test('disposing twice, then using', () => {
    const x = zeros([2])
    x.dispose()
    x.dispose()
    expect(messageOf(() => x.add(1))).toBe(
      'add: expected a live tensor, received one of shape [2] that was disposed of',
    )
  })
  test('an exception in tidy, noGrad and a module leaves nothing and changes nothing', () => {
    class Fails extends nn.Module {
      readonly weight = nn.parameter(zeros([2]))
      forward(x: Tensor): Tensor {
        ops.add(x, this.weight)
        throw new Error('on purpose')
      }
    }
    const [module, x] = [new Fails(), zeros([2])]
    const replaced = tensor([1, 1], { requiresGrad: true })
    const before = memory().liveBuffers
    for (const run of [
      () => tidy(() => module.forward(x)),
      () => noGrad(() => tidy(() => module.forward(x))),
      () => module.call(x),
      () => nn.functionalCall(module, { weight: replaced }, x),
    ]) {
      expect(messageOf(run)).toBe('on purpose')
    }
    expect(memory().liveBuffers).toBe(before)
    expect(module.parameters()[0]).toBe(module.weight)
    expect(ops.mul(leaf(), 2).requiresGrad).toBe(true)
  })
  test('keep within nested scopes', () => {
    const kept: Tensor[] = []
    tidy(() => tidy(() => kept.push(keep(zeros([2])))))
    expect(kept[0]?.isDisposed).toBe(false)
  })
  test('modules that share a parameter train it once', () => {
    const a = new nn.Linear(2, 2)
    const b = new nn.Linear(2, 2)
    Object.assign(b, { weight: a.weight })
    expect(new nn.Sequential(a, b).parameters()).toHaveLength(3)
  })
})
