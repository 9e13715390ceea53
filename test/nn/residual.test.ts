import { beforeEach, describe, expect, test } from 'vitest'
import { grad, manualSeed, nn, noGrad, ops, optim, randn, type Tensor } from 'landbridge'
import { messageOf } from '../support/message.js'
import { conv, expectNear, expectSame, norm, kernelsOf, unfolded, variable } from './support.js'

beforeEach(() => manualSeed(5))

const { Sequential, Residual } = nn
const body = (inputs: number, outputs: number, stride = 1) =>
  new Sequential(conv(inputs, outputs, 3, stride), norm(outputs), ops.relu, conv(outputs, outputs), norm(outputs))
const shortcut = (inputs: number, outputs: number) => new Sequential(conv(inputs, outputs, 1, 2), norm(outputs))

const same = () => new Residual({ body: body(3, 3), activation: 'relu' })
const wider = () => new Residual({ body: body(3, 5, 2), shortcut: shortcut(3, 5), activation: 'relu' })
const image = () => randn([2, 6, 6, 3])

/** A ResNet as small as can be. */
const resNet = () =>
  new Sequential(
    new Sequential(conv(3, 3), norm(3), ops.relu),
    same(),
    wider(),
    new nn.GlobalAvgPool2d(),
    new nn.Linear(5, 4),
  )

describe('Residual', () => {
  test('is the activation of the sum', () => {
    const [block, x] = [wider(), variable(image())]
    const [inner, side] = [block.body as nn.Sequential, block.shortcut as nn.Sequential]
    const call = (chain: nn.Sequential, input: Tensor) =>
      [...chain].reduce((y, layer) => (typeof layer === 'function' ? layer(y) : layer.call(y)), input)
    const expected = () => ops.relu(ops.add(call(inner, x), call(side, x)))
    expectNear(block.call(x), expected())
    expectNear(noGrad(() => block.eval().call(x)), expected()) // prettier-ignore
    expectNear(new Residual({ body: inner, shortcut: side }).call(x), ops.add(call(inner, x), call(side, x)))
  })

  test('after eval takes one call per convolution', () => {
    const [plain, projected, x] = [same().eval(), wider().eval(), image()]
    expectSame(plain, x)
    expectSame(projected, x)
    expect(noGrad(() => kernelsOf(plain, x))).toEqual(['conv2d', 'conv2d'])
    expect(noGrad(() => kernelsOf(projected, x))).toEqual(['conv2d', 'conv2d', 'conv2d'])
    const each = ['conv2d', 'batchNormInfer']
    expect(kernelsOf(plain, variable(x))).toEqual([...each, 'relu', ...each, 'add', 'relu'])
    expect(kernelsOf(projected, variable(x))).toEqual([...each, ...each, 'relu', ...each, 'add', 'relu'])
  })

  test('before the activation (He et al. 2016b): the convolution at the end takes the sum in training, too', () => {
    const chain = new Sequential(norm(3), ops.relu, conv(3, 3, 3, 1, true))
    const [block, x] = [new Residual({ body: chain }), variable(image())]
    const expected = ops.add(chain.call(x), x)
    expectNear(block.call(x), expected)
    const moving = ['mul', 'mul', 'add', 'mul', 'mul', 'add'] // the running statistics
    expect(kernelsOf(block.train(), x)).toEqual(['batchNormTrain', ...moving, 'relu', 'conv2d'])
    const gradients = (y: Tensor) => grad(y.square().sum(), [x, ...block.parameters()]) as Tensor[]
    const [plain, fused] = [gradients(expected), gradients(block.call(x))]
    expect(fused).toHaveLength(5)
    fused.forEach((each, i) => expectNear(each, plain[i] as Tensor))
    expectSame(block, image())
  })

  test('second order', () => {
    const layer = conv(3, 3, 1, 1, true)
    const [block, x] = [new Residual({ body: layer, activation: 'relu' }), variable(image())]
    const twice = (y: Tensor) => {
      const [dx] = grad(y.square().sum(), [x], { createGraph: true }) as [Tensor]
      return grad(dx.square().sum(), [x, layer.weight]) as Tensor[]
    }
    const [fused, plain] = [twice(block.call(x)), twice(ops.relu(ops.add(layer.call(x), x)))]
    expect(fused).toHaveLength(2)
    fused.forEach((each, i) => expectNear(each, plain[i] as Tensor))
  })

  test.each<[string, nn.Layer]>([
    ['a function', ops.tanh],
    ['a layer without weights', new nn.Dropout(0.5)],
    ['a chain that ends with relu', new Sequential(conv(3, 3), norm(3), ops.relu)],
    ['an empty chain', new Sequential()],
    ['a chain within', new Sequential(conv(3, 3), new Sequential(ops.relu, conv(3, 3), norm(3)))],
    ['another block', same()],
    ['a linear layer', new Sequential(new nn.Linear(3, 3), norm(3))],
  ])('takes %s as its body', (_, layer) => {
    const block = new Residual({ body: layer, shortcut: ops.neg, activation: 'relu' }).eval()
    expectSame(block, image())
    const x = variable(image())
    const y = typeof layer === 'function' ? layer(x) : layer.call(x)
    expectNear(block.call(x), ops.relu(ops.sub(y, x)))
  })

  test('names its state, and passes on train, eval and freeze', () => {
    const block = new Residual({ body: new Sequential(conv(3, 3), norm(3)), shortcut: conv(3, 3) })
    const names = ['body.0.weight', 'body.1.gamma', 'body.1.beta', 'shortcut.weight']
    expect(Object.keys(block.namedParameters())).toEqual(names)
    expect(Object.keys(block.namedBuffers())).toEqual(['body.1.runningMean', 'body.1.runningVar'])
    expect(Object.keys(block.namedModules())).toEqual(['', 'body', 'body.0', 'body.1', 'shortcut'])
    expect(block.eval().modules().some((each) => each.training)).toBe(false) // prettier-ignore
    block.freeze((name) => name.startsWith('body'))
    expect(block.parameters().filter((each) => each.requiresGrad)).toEqual([(block.shortcut as nn.Conv2d).weight])
  })

  test('refuses what makes no block', () => {
    const refused = (options: object) => messageOf(() => new Residual(options as nn.ResidualOptions))
    expect(refused({})).toBe('Residual: expected a module or a function as body, received nothing')
    expect(refused({ body: ops.neg, shortcut: 3 })).toBe(
      'Residual: expected a module or a function as shortcut, received 3',
    )
    expect(refused({ body: ops.neg, activation: 'tanh' })).toBe(
      "Residual: expected 'none' or 'relu' as activation, received \"tanh\"",
    )
    const uneven = (layer: nn.Layer) => messageOf(() => new Residual({ body: layer }).call(image()))
    expect(uneven(conv(3, 1))).toBe('conv2d: expected residual [2, 6, 6, 1], received [2, 6, 6, 3]')
    expect(uneven(new nn.Linear(3, 1))).toBe('Residual: expected a shortcut [2, 6, 6, 1], received [2, 6, 6, 3]')
  })
})

describe('a small ResNet gives the same folded', () => {
  const model = resNet()
  const x = image()

  test('as it is made', () => expectSame(model, x))

  test('after steps of an optimizer in training', () => {
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
    for (let i = 0; i < 3; i++) {
      const before = noGrad(() => model.eval().call(x)).dataSync()
      unfolded(model.train(), x).square().mean().backward()
      optimizer.step()
      optimizer.zeroGrad()
      expectSame(model, x)
      expect(noGrad(() => model.call(x)).dataSync()).not.toEqual(before)
    }
  })

  test('after loadStateDict', () => {
    const other = resNet().eval()
    model.loadStateDict(other.stateDict())
    expectSame(model, x)
    expect(noGrad(() => model.call(x)).dataSync()).toEqual(noGrad(() => other.call(x)).dataSync())
  })

  test('after a batch of training, which moves the statistics', () => {
    const before = noGrad(() => model.eval().call(x)).dataSync()
    noGrad(() => model.train().call(image()))
    expectSame(model, x)
    expect(noGrad(() => model.call(x)).dataSync()).not.toEqual(before)
  })
})
