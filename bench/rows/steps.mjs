// Whole steps: forward, loss, backward and update, as a training loop runs them; and inference.
import { landbridgeMlp, landbridgeResnet } from '../models/landbridge.mjs'
import { onnxResnet } from '../models/onnx.mjs'
import { flopOf, resnet18, resnet20, weightInputs } from '../models/resnet.mjs'
import { tfjsMlp, tfjsResnet, tfjsStep, variablesOf } from '../models/tfjs.mjs'
import { torchMlp, torchResnets } from '../models/torch.mjs'
import { labels, uniform } from '../values.mjs'
import { tfjsMmd, torchMmd } from './transfer.mjs'

/** One step of a training loop; `shown` names the parameters whose gradients are compared. */
function landbridgeStep(optimizer, lossOf, shown) {
  const step = () => {
    const loss = lossOf()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  }
  return Object.assign(step, { inspect: () => shown().map((each) => each.grad), close: () => optimizer.dispose() })
}

const torchStep = (lossExpression, shown) => `
def run():
    value = ${lossExpression}
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value
${shown}`

const isTrained = (name) => name !== 'x' && name !== 'labels' && !name.includes('running')

export function training(name, network, batch) {
  const shown = ['conv1.weight', 'fc.weight']
  return {
    name: `${name} training step, ${batch}x${network.image[0]}², SGD`,
    family: 'whole steps',
    batch,
    single: () => training(name, network, 1),
    inputs: { ...weightInputs(network), x: uniform([batch, ...network.image]), labels: labels(batch, network.classes) },
    work: { flop: 3 * batch * flopOf(network), formula: '3 · forward, of convolutions and the last product' },
    tolerances: [1e-4, 2e-2, 1e-2],
    steps: true,
    images: true,
    grad: true,
    landbridge: ({ nn, ops, optim }, tensors) => {
      const { model, load } = landbridgeResnet({ nn, ops }, network)
      load(tensors)
      const optimizer = new optim.SGD(model.parameters(), { lr: 1e-3, momentum: 0.9 })
      const lossOf = () => ops.crossEntropy(model.call(tensors.x), tensors.labels)
      return landbridgeStep(optimizer, lossOf, () => [model[0][0].weight, model[3].weight])
    },
    tfjs: (tf, tensors, keep) => {
      const variables = variablesOf(tf, tensors, Object.keys(tensors).filter(isTrained), keep)
      const forward = tfjsResnet(tf, network, variables, { training: true })
      const wanted = keep(tf.oneHot(tensors.labels, network.classes))
      const lossOf = () => tf.losses.softmaxCrossEntropy(wanted, forward(tensors.x))
      return tfjsStep(tf, tf.train.momentum(1e-3, 0.9), variables, lossOf, shown)
    },
    torch: `${torchResnets[name]}
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
x, labels = image(inputs["x"]), inputs["labels"]
${torchStep(
  'F.cross_entropy(model(x), labels)',
  `
def result(value):
    return [value, filters_back(model.conv1.weight.grad), model.fc.weight.grad.T]
`,
)}`,
  }
}

function inference(name, network, batch) {
  return {
    name: `${name} inference, ${batch}x${network.image[0]}²`,
    family: 'whole steps',
    batch,
    single: () => inference(name, network, 1),
    inputs: { ...weightInputs(network), x: uniform([batch, ...network.image]) },
    work: { flop: batch * flopOf(network), formula: 'convolutions and the last product' },
    tolerances: [1e-3],
    images: true,
    landbridge: ({ nn, ops, noGrad }, tensors) => {
      const { model, load } = landbridgeResnet({ nn, ops }, network)
      load(tensors)
      model.eval()
      return () => noGrad(() => model.call(tensors.x))
    },
    tfjs: (tf, tensors) => {
      const forward = tfjsResnet(tf, network, tensors, { training: false })
      return () => forward(tensors.x)
    },
    torch: `${torchResnets[name]}
model.eval()
x = image(inputs["x"])

def run():
    return model(x)
`,
    onnx: (inputs) => onnxResnet(network, inputs),
  }
}

/** w0, b0, … of linear layers of these sizes, from number `from` on. */
function mlpInputs(sizes, from = 0) {
  const bound = (i) => 1 / Math.sqrt(sizes[i])
  const pairs = sizes.slice(1).map((out, i) => ({
    [`w${from + i}`]: uniform([sizes[i], out], -bound(i), bound(i)),
    [`b${from + i}`]: uniform([out], -bound(i), bound(i)),
  }))
  return Object.assign({}, ...pairs)
}
const mlpFlop = (sizes, batch) => 6 * batch * sizes.slice(1).reduce((sum, out, i) => sum + sizes[i] * out, 0)

const optimizers = {
  Adam: {
    landbridge: (optim, parameters) => new optim.Adam(parameters, { lr: 1e-3 }),
    tfjs: (tf) => tf.train.adam(1e-3, 0.9, 0.999, 1e-8),
    torch: 'torch.optim.Adam(parameters, lr=1e-3)',
  },
  SGD: {
    landbridge: (optim, parameters) => new optim.SGD(parameters, { lr: 1e-2 }),
    tfjs: (tf) => tf.train.sgd(1e-2),
    torch: 'torch.optim.SGD(parameters, lr=1e-2)',
  },
}

const weightsOf = (tensors) => Object.keys(tensors).filter((name) => /^[wb]\d+$/.test(name))

function mlp(sizes, batch, optimizer) {
  const count = sizes.length - 1
  const kind = optimizers[optimizer]
  return {
    name: `MLP ${sizes.join('-')} step, ${optimizer}, batch ${batch}`,
    family: 'whole steps',
    inputs: { ...mlpInputs(sizes), x: uniform([batch, sizes[0]]), y: uniform([batch, sizes.at(-1)]) },
    work: { flop: mlpFlop(sizes, batch), formula: '6 · batch · weights' },
    tolerances: [1e-5, 1e-4],
    steps: true,
    grad: true,
    landbridge: (lb, tensors) => {
      const model = landbridgeMlp(lb, sizes, tensors)
      const lossOf = () => lb.ops.mseLoss(model.call(tensors.x), tensors.y)
      return landbridgeStep(kind.landbridge(lb.optim, model.parameters()), lossOf, () => [model[0].weight])
    },
    tfjs: (tf, tensors, keep) => {
      const variables = variablesOf(tf, tensors, weightsOf(tensors), keep)
      const model = tfjsMlp(tf, variables, 0, count)
      const lossOf = () => tf.losses.meanSquaredError(tensors.y, model(tensors.x))
      return tfjsStep(tf, kind.tfjs(tf), variables, lossOf, ['w0'])
    },
    torch: `${torchMlp}
model = mlp(0, ${count})
parameters = list(model.parameters())
optimizer = ${kind.torch}
x, y = inputs["x"], inputs["y"]
${torchStep(
  'F.mse_loss(model(x), y)',
  `
def result(value):
    return [value, model[0].weight.grad.T]
`,
)}`,
  }
}

/** Deep adaptation (Long et al. 2015): features of both domains, a head on the source's, MMD between them. */
export function dan(batch) {
  const [features, head] = [[64, 256, 128], [128, 1]] // prettier-ignore
  return {
    name: `DAN step, features 64-256-128, head 128-1, MMD, Adam, batch 2x${batch}`,
    family: 'whole steps',
    inputs: {
      ...mlpInputs(features),
      ...mlpInputs(head, 2),
      x: uniform([batch, 64]),
      target: uniform([batch, 64], -0.6, 1.4),
      y: uniform([batch, 1]),
    },
    work: {
      flop: 2 * mlpFlop(features, batch) + mlpFlop(head, batch) + 2 * (2 * batch) ** 2 * (2 * 128 + 5),
      formula: '6 · rows · weights, and MMD with both gradients',
    },
    tolerances: [1e-5, 1e-3],
    steps: true,
    grad: true,
    landbridge: (lb, { x, target, y, ...tensors }) => {
      const { ops, optim } = lb
      const body = landbridgeMlp(lb, features, tensors, { lastActivation: 'relu' })
      const last = landbridgeMlp(lb, head, tensors, { from: 2 })
      const parameters = [...body.parameters(), ...last.parameters()]
      const lossOf = () => {
        const [source, other] = [body.call(x), body.call(target)]
        return ops.add(ops.mseLoss(last.call(source), y), ops.mmd(source, other))
      }
      return landbridgeStep(new optim.Adam(parameters, { lr: 1e-3 }), lossOf, () => [body[0].weight])
    },
    tfjs: (tf, tensors, keep) => {
      const variables = variablesOf(tf, tensors, weightsOf(tensors), keep)
      const [body, last] = [tfjsMlp(tf, variables, 0, 2, true), tfjsMlp(tf, variables, 2, 1)]
      const lossOf = () => {
        const [source, other] = [body(tensors.x), body(tensors.target)]
        return tf.add(tf.losses.meanSquaredError(tensors.y, last(source)), tfjsMmd(tf, source, other))
      }
      return tfjsStep(tf, tf.train.adam(1e-3, 0.9, 0.999, 1e-8), variables, lossOf, ['w0'])
    },
    torch: `${torchMlp}
${torchMmd}
body, last = mlp(0, 2, True), mlp(2, 1)
parameters = [*body.parameters(), *last.parameters()]
optimizer = torch.optim.Adam(parameters, lr=1e-3)
x, target, y = inputs["x"], inputs["target"], inputs["y"]

def total():
    source, other = body(x), body(target)
    return F.mse_loss(last(source), y) + loss(source, other)
${torchStep(
  'total()',
  `
def result(value):
    return [value, body[0].weight.grad.T]
`,
)}`,
  }
}

export const stepRows = [
  training('ResNet-18', resnet18, 16),
  inference('ResNet-18', resnet18, 16),
  training('ResNet-20', resnet20, 128),
  inference('ResNet-20', resnet20, 128),
  mlp([64, 256, 256, 1], 256, 'Adam'),
  mlp([8, 16, 1], 32, 'SGD'),
  dan(256),
]
