/** Properties of whole training runs. */
import { afterAll, describe, expect, test } from 'vitest'
import * as landbridge from 'landbridge'
import { nn, ops, optim, setThreads, tensor, tidy } from 'landbridge'
import { convnet, mlp, type Program } from '../../scripts/programs.mjs'

afterAll(() => setThreads(2))

interface Run {
  losses: number[]
  state: Record<string, number[]>
}

function run({ model, step }: Program, steps: number): Run {
  const losses = Array.from({ length: steps }, () => tidy(() => step().itemSync()))
  const state = Object.entries(model.stateDict()).map(
    ([name, value]) => [name, [...value.dataSync()]] as [string, number[]],
  )
  return { losses, state: Object.fromEntries(state) }
}

describe.each([
  ['a multilayer perceptron', () => mlp(landbridge)],
  ['a convolution net with batch norm, dropout and a shortcut', () => convnet(landbridge)],
])('50 steps of %s with Adam', (_, program) => {
  test('give the same bits again, with one thread and with two', () => {
    setThreads(1)
    const one = run(program(), 50)
    setThreads(2)
    const two = run(program(), 50)
    expect(two).toEqual(one)
    expect(run(program(), 50)).toEqual(two)
  })

  test('lower the loss', () => {
    const { losses } = run(program(), 50)
    expect(losses.every(Number.isFinite)).toBe(true)
    expect(losses.at(-1)).toBeLessThan(0.7 * (losses[0] as number))
  })
})

test('running statistics and every parameter of the convolution net move', () => {
  const program = convnet(landbridge)
  const before = run(program, 0).state
  const after = run(program, 3).state
  for (const [name, values] of Object.entries(before)) expect(after[name], name).not.toEqual(values)
})

test.each([
  ['SGD', (p: landbridge.Tensor[]) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, nesterov: true })],
  ['Adam', (p: landbridge.Tensor[]) => new optim.Adam(p, { lr: 0.1 })],
  ['AdamW', (p: landbridge.Tensor[]) => new optim.AdamW(p, { lr: 0.1 })],
])('a loss from before a step of %s differentiates at the old weights', (_, make) => {
  const model = new nn.Sequential(new nn.Linear(3, 4, { activation: 'tanh' }), new nn.Linear(4, 2))
  const optimizer = make(model.parameters())
  const x = tensor([
    [0.1, -0.2, 0.3],
    [0.5, 0.4, -0.6],
  ])
  const gradients = () => model.parameters().map((p) => [...(p.grad?.dataSync() ?? [])])
  const lossOf = () => ops.mean(ops.square(model.call(x)))
  lossOf().backward()
  const expected = gradients()
  const held = lossOf()
  optimizer.step()
  optimizer.zeroGrad()
  held.backward()
  expect(gradients()).toEqual(expected)
  optimizer.zeroGrad()
  lossOf().backward()
  expect(gradients()).not.toEqual(expected)
})
