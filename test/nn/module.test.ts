import { describe, expect, test } from 'vitest'
import { grad, memory, nn, noGrad, ops, tensor, tidy, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'

class Block extends nn.Module {
  readonly list = [new nn.Linear(2, 3), new nn.Linear(3, 3, { bias: false })] as const
  readonly byName = new Map([['head', new nn.Linear(3, 1)]])
  readonly scale = nn.parameter(tensor([2]))
  readonly own = tensor([1], { requiresGrad: true })
  readonly count = tensor([0])
  _cache: Tensor | undefined
  last: Tensor | undefined

  forward(x: Tensor): Tensor {
    const hidden = this.list[1].call(this.list[0].call(x))
    this._cache = hidden.mul(1)
    this.last = hidden
    return (this.byName.get('head') as nn.Linear).call(hidden.mul(this.scale)).add(this.own)
  }
}

const names = [
  'byName.head.bias',
  'byName.head.weight',
  'list.0.bias',
  'list.0.weight',
  'list.1.weight',
  'own',
  'scale',
]
const x = () =>
  tensor([
    [1, -2],
    [0.5, 3],
  ])

describe('state', () => {
  test('parameters are found in arrays and maps, named by their paths', () => {
    expect(Object.keys(new Block().namedParameters()).sort()).toEqual(names)
  })

  test('buffers are the tensors that are not trained', () => {
    const block = new Block()
    block.call(x())
    expect(Object.keys(block.namedBuffers())).toEqual(['count'])
    expect(Object.keys(block.stateDict()).sort()).toEqual([...names, 'count'].sort())
  })

  test('a frozen parameter stays a parameter', () => {
    const block = new Block().freeze((name) => name !== 'scale')
    expect(Object.keys(block.namedParameters()).sort()).toEqual(names)
    expect(block.parameters().filter((each) => each.requiresGrad)).toEqual([block.scale])
    expect(
      block
        .unfreeze()
        .parameters()
        .every((each) => each.requiresGrad),
    ).toBe(true)
  })

  test('shared modules and tied weights count once', () => {
    const shared = new nn.Linear(2, 2)
    const model = new nn.Sequential(shared, shared)
    expect(Object.keys(model.namedParameters())).toEqual(['0.weight', '0.bias'])
    expect(model.modules()).toEqual([model, shared])
    expect(model.children()).toEqual([shared])
  })

  test('train and eval reach every module', () => {
    const block = new Block().eval()
    expect(block.modules().map((each) => each.training)).toEqual([false, false, false, false])
    expect(Object.keys(block.namedModules())).toEqual(['', 'list.0', 'list.1', 'byName.head'])
    expect(block.train().list[0].training).toBe(true)
  })
})

describe('a call', () => {
  test('releases what it made, keeps what it returns and what it assigned', () => {
    const block = new Block()
    const input = x()
    noGrad(() => {
      const before = memory().liveBuffers
      const y = block.call(input)
      expect(memory().liveBuffers).toBeLessThanOrEqual(before + 3)
      expect([y.isDisposed, block._cache?.isDisposed, block.last?.isDisposed]).toEqual([false, false, false])
    })
  })

  test('leaves nothing of a plain chain behind', () => {
    const model = new nn.Sequential(new nn.Linear(2, 3), (h) => h.mul(2).add(1), new nn.Linear(3, 1))
    const input = x()
    const step = () => tidy(() => void model.call(input).sum().backward())
    const clear = () => {
      for (const p of model.parameters()) {
        p.grad?.dispose()
        p.grad = undefined
      }
    }
    step()
    clear()
    const before = memory().liveBuffers
    step()
    clear()
    expect(memory().liveBuffers).toBeLessThanOrEqual(before)
    noGrad(() => {
      const y = model.call(input)
      expect(memory().liveBuffers).toBeLessThanOrEqual(before + 1)
      y.dispose()
    })
  })

  test('keeps assigned tensors when forward throws', () => {
    class Broken extends nn.Module {
      _seen: Tensor | undefined
      forward(input: Tensor): Tensor {
        this._seen = input.mul(2)
        throw new Error('broken')
      }
    }
    const broken = new Broken()
    expect(messageOf(() => broken.call(x()))).toBe('broken')
    expect(broken._seen?.toArraySync()).toEqual([
      [2, -4],
      [1, 6],
    ])
  })

  test('a model made inside tidy lives on', () => {
    let model: nn.Linear | undefined
    tidy(() => void (model = new nn.Linear(2, 2)))
    expect(model?.weight.isDisposed).toBe(false)
  })

  test('refuses an asynchronous forward', () => {
    class Later extends nn.Module<[x: Tensor], Promise<Tensor>> {
      forward(input: Tensor): Promise<Tensor> {
        return Promise.resolve(input)
      }
    }
    expect(messageOf(() => void new Later().call(x()))).toBe(
      'Later.call: expected a synchronous function, received one that returned a promise',
    )
  })

  test('dispose releases everything', () => {
    const before = memory().liveBuffers
    new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1)).dispose()
    expect(memory().liveBuffers).toBeLessThanOrEqual(before)
  })
})

describe('loadStateDict', () => {
  test('gives a model the values of another, and a snapshot stays as it was', () => {
    const [a, b] = [new Block(), new Block()]
    const snapshot = a.stateDict()
    const before = a.scale.dataSync()
    expect(b.loadStateDict(snapshot)).toEqual({ missing: [], unexpected: [] })
    expect(b.call(x()).toArraySync()).toEqual(a.call(x()).toArraySync())
    a.loadStateDict({ scale: tensor([7]) }, { strict: false })
    expect(a.scale.toArraySync()).toEqual([7])
    expect(snapshot.scale?.dataSync()).toEqual(before)
  })

  test('changes nothing when anything is wrong', () => {
    const model = new nn.Linear(2, 1)
    const weight = model.weight.dataSync()
    const load = (state: nn.StateDict) => messageOf(() => model.loadStateDict(state))
    const ok = tensor([[5], [5]])
    expect(load({ weight: ok, bias: tensor([1, 2]) })).toBe('loadStateDict: expected bias of shape [1], received [2]')
    expect(load({ weight: ok, bias: tensor([1], { dtype: 'int32' }) })).toBe(
      'loadStateDict: expected bias of dtype float32, received int32',
    )
    expect(load({ weight: ok, b: tensor([1]) })).toBe(
      'loadStateDict: expected exactly the names of the module (strict), received no bias and unexpected b',
    )
    expect(model.weight.dataSync()).toEqual(weight)
  })

  test('strict: false says what was left', () => {
    const model = new nn.Linear(2, 1)
    expect(model.loadStateDict(new Map([['other', tensor([1])]]), { strict: false })).toEqual({
      missing: ['weight', 'bias'],
      unexpected: ['other'],
    })
  })
})

describe('functionalCall', () => {
  const model = new nn.Sequential(new nn.Linear(2, 1, { bias: false }))
  const loss = (y: Tensor) => ops.sum(ops.mul(y, y))

  test('runs with the replacement and restores the original', () => {
    const original = (model[0] as nn.Linear).weight
    const y = nn.functionalCall(model, { '0.weight': tensor([[1], [10]]) }, x())
    expect(y.toArraySync()).toEqual([[-19], [30.5]])
    expect((model[0] as nn.Linear).weight).toBe(original)
  })

  test('restores after a throw', () => {
    const original = (model[0] as nn.Linear).weight
    const replacement = { '0.weight': tensor([[1], [10]]) }
    expect(() => nn.functionalCall(model, replacement, tensor([[1, 2, 3]]))).toThrow('linear: expected')
    expect((model[0] as nn.Linear).weight).toBe(original)
  })

  test('refuses unknown names and other shapes', () => {
    expect(messageOf(() => nn.functionalCall(model, { weight: tensor([1]) }, x()))).toBe(
      'functionalCall: expected names of parameters or buffers of the module, received "weight"',
    )
    expect(messageOf(() => nn.functionalCall(model, { '0.weight': tensor([1]) }, x()))).toBe(
      'functionalCall: expected 0.weight of shape [2, 1], received [1]',
    )
  })

  test('tied weights are replaced in every place', () => {
    const tied = new nn.Linear(2, 2, { bias: false })
    const twice = new nn.Sequential(tied, tied)
    const y = nn.functionalCall(twice, { '0.weight': tensor([[2, 0], [0, 3]]) }, tensor([[1, 1]])) // prettier-ignore
    expect(y.toArraySync()).toEqual([[4, 9]])
  })

  test('gradients flow through an inner step, as the closed form says', () => {
    // y = w·x per row, inner loss Σy², w' = w − α·2·A·w with A = Σ x xᵀ; outer loss Σ(w'·x)² = w'ᵀ A w'
    const w = (model[0] as nn.Linear).weight
    model.loadStateDict({ '0.weight': tensor([[0.3], [-0.2]]) })
    const rate = 0.05
    const [inner] = grad(loss(model.call(x())), [w], { createGraph: true })
    const updated = ops.sub(w, ops.mul(inner as Tensor, rate))
    const [outer] = grad(loss(nn.functionalCall(model, { '0.weight': updated }, x())), [w])
    const rows = [
      [1, -2],
      [0.5, 3],
    ] as const
    const a = [0, 1].map((i) => [0, 1].map((j) => rows.reduce((t, r) => t + (r[i] as number) * (r[j] as number), 0)))
    const apply = (v: number[]) => a.map((row) => row.reduce((t, each, j) => t + each * (v[j] as number), 0))
    const shrink = (v: number[]) => apply(v).map((each, i) => (v[i] as number) - 2 * rate * each)
    const expected = shrink(apply(shrink([0.3, -0.2]))).map((each) => 2 * each)
    outer?.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 4))
    expect(outer?.size).toBe(2)
  })
})
