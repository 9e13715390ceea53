import { describe, expect, test } from 'vitest'
import { grad, manualSeed, memory, nn, noGrad, ops, optim, rand, randn, tensor, tidy, type Tensor } from 'landbridge'
import { native } from '../../src/engine/native.js'
import { gru, gruTwin } from '../../src/ops/gru.js'
import { lstm, lstmTwin } from '../../src/ops/lstm.js'
import { messageOf } from '../support/message.js'

/** x, the weights, the bias and the states. */
type Many = [Tensor, Tensor, Tensor, ...(Tensor | undefined)[]]
const kinds = [
  {
    name: 'lstm',
    gates: 4,
    states: 2,
    fused: ([x, wx, wh, b, h, c]: Many, reverse: boolean) => lstm(x, wx, wh, b, h, c, { reverse }),
    twin: ([x, wx, wh, b, h, c]: Many, reverse: boolean) => lstmTwin([x, wx, wh, b, h, c], reverse),
  },
  {
    name: 'gru',
    gates: 3,
    states: 1,
    fused: ([x, wx, wh, b, h]: Many, reverse: boolean) => gru(x, wx, wh, b, h, { reverse }),
    twin: ([x, wx, wh, b, h]: Many, reverse: boolean) => gruTwin([x, wx, wh, b, h], reverse),
  },
]
type Kind = (typeof kinds)[number]

interface Sizes {
  n: number
  t: number
  c: number
  h: number
}

function inputsOf({ gates, states }: Kind, { n, t, c, h }: Sizes): [Tensor, Tensor, Tensor, ...Tensor[]] {
  const std = 1 / Math.sqrt(h)
  return [
    randn([n, t, c], { requiresGrad: true }),
    randn([c, gates * h], { std, requiresGrad: true }),
    randn([h, gates * h], { std, requiresGrad: true }),
    randn([4 * h], { requiresGrad: true }),
    ...Array.from({ length: states }, () => randn([n, h], { requiresGrad: true })),
  ]
}

const valuesOf = (x: Tensor) => (x as Tensor<'float32'>).dataSync()

/** The gradients of a weighed sum of all results. */
function gradientsOf(results: Tensor[], inputs: Tensor[]): Float32Array[] {
  manualSeed(9)
  const total = results.map((each): Tensor => ops.sum(ops.mul(each, randn(each.shape)))).reduce((a, b) => ops.add(a, b))
  return grad(total, inputs).map((each) => valuesOf(each as Tensor))
}

function expectNear(received: Float32Array, expected: Float32Array, tolerance: number): void {
  const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
  const worst = received.reduce((m, v, i) => Math.max(m, Math.abs(v - (expected[i] as number))), 0)
  expect(worst).toBeLessThan(tolerance * scale)
}

describe.each(kinds)('$name', (kind) => {
  test.each([
    { n: 37, t: 7, c: 11, h: 23 },
    { n: 19, t: 5, c: 3, h: 83 },
    { n: 33, t: 2, c: 40, h: 128 },
  ])('the backward sweep agrees with the composed twin at %o', (sizes) => {
    for (const reverse of [false, true]) {
      tidy(() => {
        manualSeed(3)
        const inputs = inputsOf(kind, sizes)
        const expected = gradientsOf(kind.twin(inputs, reverse), inputs)
        gradientsOf(kind.fused(inputs, reverse), inputs).forEach((each, i) => expectNear(each, expected[i]!, 1e-5))
      })
    }
  })

  test('only the gradients that are wanted, whichever they are', () => {
    manualSeed(4)
    const inputs = inputsOf(kind, { n: 18, t: 3, c: 5, h: 17 })
    const all = gradientsOf(kind.fused(inputs, false), inputs)
    inputs.forEach((input, i) => {
      const frozen = inputs.map((each, k) => (k === i ? each : ops.stopGradient(each))) as Many
      expect(gradientsOf(kind.fused(frozen, false), [input])).toEqual([all[i]])
    })
  })

  test('without bias and states they are zeros', () => {
    manualSeed(5)
    const inputs = inputsOf(kind, { n: 5, t: 4, c: 3, h: 6 })
    const zeroed = inputs.map((each, i) => (i < 3 ? each : ops.mul(each, 0))) as Many
    const weights = inputs.slice(0, 3) as [Tensor, Tensor, Tensor]
    const left = kind.fused(weights, false)
    kind.fused(zeroed, false).forEach((each, i) => expect(left[i]?.dataSync()).toEqual(each.dataSync()))
    expect(gradientsOf(left, weights)).toEqual(gradientsOf(kind.fused(zeroed, false), weights))
  })

  test('the same bits with and without a graph, and at any number of threads', () => {
    manualSeed(6)
    const inputs = inputsOf(kind, { n: 70, t: 9, c: 20, h: 36 })
    const before = native.threads()
    const run = (count: number) => {
      native.threads(count)
      const results = kind.fused(inputs, true)
      const plain = noGrad(() => kind.fused(inputs, true))
      return [...results, ...plain].map((each) => each.dataSync()).concat(gradientsOf(results, inputs))
    }
    const one = run(1)
    for (let i = 0; i <= kind.states; i++) expect(one[i]).toEqual(one[i + kind.states + 1])
    expect(run(3)).toEqual(one)
    native.threads(before)
  })

  test('a state made of the input counts once in second order', () => {
    manualSeed(7)
    const [x, wx, wh] = inputsOf(kind, { n: 2, t: 2, c: 3, h: 3 }) as [Tensor, Tensor, Tensor]
    const second = (make: (each: Many) => Tensor[]): Float32Array => {
      const state = ops.reshape(ops.slice(x, { end: [2, 1] }), { shape: [2, 3] })
      const y = ops.sum(ops.square(make([x, wx, wh, undefined, ops.tanh(state)])[0] as Tensor))
      const [first] = grad(y, [x], { createGraph: true })
      return valuesOf(grad(ops.sum(ops.square(first as Tensor)), [x])[0] as Tensor)
    }
    expectNear(
      second((each) => kind.fused(each, false)),
      second((each) => kind.twin(each, false)),
      1e-5,
    )
  })

  test('NaN stays in its row', () => {
    const inputs = inputsOf(kind, { n: 3, t: 3, c: 2, h: 5 })
    const values = inputs[0].dataSync()
    values[7] = NaN // row 1, step 0
    const [output] = kind.fused([tensor(values, { shape: [3, 3, 2] }), ...inputs.slice(1)] as Many, false)
    const rows = output?.toArraySync() as number[][][]
    expect(rows.map((row) => row.flat().some(Number.isNaN))).toEqual([false, true, false])
  })
})

describe('LSTM', () => {
  test('one layer is the op', () => {
    const layer = new nn.LSTM({ in: 3, hidden: 4 })
    const [cell] = layer.cells as [nn.RecurrentCell]
    const x = randn([2, 5, 3])
    const [output, h, c] = lstm(x, cell.inputWeight, cell.hiddenWeight, cell.bias) as [Tensor, Tensor, Tensor]
    const found = layer.call(x)
    expect(found.output.dataSync()).toEqual(output.dataSync())
    expect(found.last.dataSync()).toEqual(h.dataSync())
    expect(found.state.h.shape).toEqual([1, 2, 4])
    expect(found.state.c.dataSync()).toEqual(c.dataSync())
  })

  test('two layers in both directions are four ops', () => {
    const layer = new nn.LSTM({ in: 3, hidden: 4, layers: 2, bidirectional: true })
    expect(Object.entries(layer.namedParameters()).map(([name, { shape }]) => [name, ...shape].join(' '))).toEqual(
      [3, 3, 8, 8].flatMap((width, i) => [
        `cells.${i}.inputWeight ${width} 16`,
        `cells.${i}.hiddenWeight 4 16`,
        `cells.${i}.bias 16`,
      ]),
    )
    const x = randn([2, 5, 3])
    const run = (i: number, y: Tensor) => {
      const { inputWeight, hiddenWeight, bias } = layer.cells[i] as nn.RecurrentCell
      return lstm(y, inputWeight, hiddenWeight, bias, { reverse: i % 2 === 1 })
    }
    const below = [run(0, x), run(1, x)]
    const middle = ops.concat([below[0]?.[0] as Tensor, below[1]?.[0] as Tensor], { axis: 2 })
    const above = [run(2, middle), run(3, middle)]
    const { output, last, state } = layer.call(x)
    const both = (at: number) => above.map((each) => each[at] as Tensor)
    expect(output.dataSync()).toEqual(ops.concat(both(0), { axis: 2 }).dataSync())
    expect(last.dataSync()).toEqual(ops.concat(both(1), { axis: 1 }).dataSync())
    const ends = [...below, ...above]
    expect(state.h.dataSync()).toEqual(ops.stack(ends.map((each) => each[1] as Tensor)).dataSync())
    expect(state.c.dataSync()).toEqual(ops.stack(ends.map((each) => each[2] as Tensor)).dataSync())
  })

  test('returns the output or the last h alone', () => {
    const all = new nn.LSTM({ in: 3, hidden: 4, bidirectional: true })
    const sequence = new nn.LSTM({ in: 3, hidden: 4, bidirectional: true, returns: 'sequence' })
    const last = new nn.LSTM({ in: 3, hidden: 4, bidirectional: true, returns: 'last' })
    sequence.loadStateDict(all.stateDict())
    last.loadStateDict(all.stateDict())
    const x = randn([2, 5, 3])
    const found = all.call(x)
    expect(sequence.call(x).dataSync()).toEqual(found.output.dataSync())
    expect(last.call(x).dataSync()).toEqual(found.last.dataSync())
  })
})

describe.each([
  ['LSTM', (options: nn.RecurrentOptions<'all'>) => new nn.LSTM(options)],
  ['GRU', (options: nn.RecurrentOptions<'all'>) => new nn.GRU(options)],
] as const)('%s', (name, make) => {
  type State = Parameters<ReturnType<typeof make>['call']>[1]

  test('two halves, the state handed on, are the whole', () => {
    const layer = make({ in: 3, hidden: 5, layers: 2 })
    const x = randn([4, 6, 3])
    const [early, late] = ops.split(x, { count: 2, axis: 1 }) as [Tensor, Tensor]
    const whole = layer.call(x)
    const first = layer.call(early)
    const second = (layer.call as (x: Tensor, state: State) => typeof first).call(layer, late, first.state)
    const joined = ops.concat([first.output, second.output], { axis: 1 })
    expectNear(valuesOf(joined), valuesOf(whole.output), 1e-6)
    expectNear(valuesOf(second.state.h), valuesOf(whole.state.h), 1e-6)
  })

  test('drops between layers, and only while training', () => {
    manualSeed(8)
    const x = randn([4, 6, 3])
    const one = make({ in: 3, hidden: 5, dropout: 0.5 })
    expect(one.call(x).output.dataSync()).toEqual(one.call(x).output.dataSync())
    const two = make({ in: 3, hidden: 5, layers: 2, dropout: 0.5 })
    expect(two.call(x).output.dataSync()).not.toEqual(two.call(x).output.dataSync())
    two.eval()
    expect(two.call(x).output.dataSync()).toEqual(two.call(x).output.dataSync())
    expect(make({ in: 3, hidden: 5, bias: false }).parameters().length).toBe(2)
  })

  test('keeps nothing of a call but its results', () => {
    const layer = make({ in: 3, hidden: 5, layers: 2, bidirectional: true })
    const x = rand([2, 4, 3])
    const step = () => tidy(() => void layer.call(x).output.sum().backward())
    step()
    const before = memory().liveBuffers
    step()
    expect(memory().liveBuffers).toBe(before)
  })

  test.each([
    [() => make({ in: 0, hidden: 2 }), 'expected an integer ≥ 1 as in, received 0'],
    [() => make({ in: 1, hidden: 1.5 }), 'expected an integer ≥ 1 as hidden, received 1.5'],
    [() => make({ in: 1, hidden: 2, dropout: 2 }), 'expected a number from 0 to 1 as dropout, received 2'],
    [
      () => make({ in: 1, hidden: 2, returns: 'some' as 'all' }),
      "expected 'all', 'sequence' or 'last' as returns, received \"some\"",
    ],
    [() => make({ in: 3, hidden: 2 }).call(rand([2, 3])), 'expected x [N, T, 3], received [2, 3]'],
  ])('refuses nonsense (%#)', (run, message) => {
    expect(messageOf(run)).toBe(`${name}: ${message}`)
  })

  test('refuses a state of another batch', () => {
    const layer = make({ in: 3, hidden: 2, layers: 2 })
    const { state } = layer.call(rand([3, 4, 3]))
    const run = (layer.call as (x: Tensor, state: State) => unknown).bind(layer, rand([2, 4, 3]), state)
    expect(messageOf(run)).toBe(`${name}: expected h [2, 2, 2], received [2, 3, 2]`)
  })

  test('learns to carry a value over ten steps', () => {
    manualSeed(11)
    const options = { in: 1, hidden: 12, returns: 'last' } as const
    const cells = name === 'LSTM' ? new nn.LSTM(options) : new nn.GRU(options)
    const model = new nn.Sequential(cells, new nn.Linear(12, 1))
    const rule = new optim.Adam(model.parameters(), { lr: 0.02 })
    const batch = () => {
      const x = ops.sub(ops.mul(rand([64, 10, 1]), 2), 1)
      return { x, y: ops.reshape(ops.slice(x, { end: [64, 1] }), { shape: [64, 1] }) }
    }
    const loss = () => {
      const { x, y } = batch()
      return ops.mseLoss(model.call(x), y)
    }
    const before = tidy(() => loss().itemSync())
    for (let i = 0; i < 500; i++) {
      tidy(() => {
        rule.zeroGrad()
        loss().backward()
        rule.step()
      })
    }
    expect(before).toBeGreaterThan(0.25)
    expect(tidy(() => loss().itemSync())).toBeLessThan(0.02)
  })
})
