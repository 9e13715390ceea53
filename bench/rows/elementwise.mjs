// What memory bounds: elementwise ops, reductions, normalisations, pooling, and the optimiser's update.
import { int64s } from '../contestants/onnxModel.mjs'
import { resnet18, weightInputs } from '../models/resnet.mjs'
import { batchNorm, byRows, layerNormRow, maxPool, pointwise, reduction, samplesOf, softmaxRow } from '../reference/elementwise.mjs' // prettier-ignore
import { permuted, sizeOf, uniform } from '../values.mjs'

const node = (op, inputs, attributes) => ({ op, inputs, outputs: ['y'], attributes })
/** A graph of one node on the row's inputs. */
const onnxNode = (op, attributes) => (inputs) => ({
  feeds: inputs,
  nodes: [node(op, Object.keys(inputs), attributes)],
  outputs: ['y'],
})
/** Python that runs one expression of the inputs. */
const torchOf = (names, expression) => `${names.join(', ')} = ${names.map((name) => `inputs["${name}"]`).join(', ')}

def run():
    return ${expression}
`
const bytes = (elements, formula, limit = 'triad') => ({ bytes: 4 * elements, formula: `4·(${formula})`, limit })

const add = (n, name, large = false) => ({
  name: `add ${name}`,
  family: 'elementwise',
  inputs: { a: uniform([n]), b: uniform([n]) },
  work: bytes(3 * n, '3n'),
  tolerances: [1e-6],
  reference: ({ a, b }) => pointwise(n, (i) => a.data[i] + b.data[i]),
  landbridge:
    ({ ops }, { a, b }) =>
    () =>
      ops.add(a, b),
  tfjs:
    (tf, { a, b }) =>
    () =>
      tf.add(a, b),
  torch: torchOf(['a', 'b'], 'a + b'),
  onnx: onnxNode('Add'),
  large,
  long: large,
})

const relu = (n, name, large = false) => ({
  name: `relu ${name}`,
  family: 'elementwise',
  inputs: { x: uniform([n]) },
  work: bytes(2 * n, '2n', 'copy'),
  tolerances: [1e-6],
  reference: ({ x }) => pointwise(n, (i) => Math.max(0, x.data[i])),
  landbridge:
    ({ ops }, { x }) =>
    () =>
      ops.relu(x),
  tfjs:
    (tf, { x }) =>
    () =>
      tf.relu(x),
  torch: torchOf(['x'], 'F.relu(x)'),
  onnx: onnxNode('Relu'),
  large,
  long: large,
})

const [rows, columns] = [3200, 1000]
const broadcastAdd = {
  name: 'add [3200,1000] + [1000]',
  family: 'elementwise',
  inputs: { a: uniform([rows, columns]), b: uniform([columns]) },
  work: bytes(2 * rows * columns, '2·rows·columns', 'copy'),
  tolerances: [1e-6],
  reference: ({ a, b }) => pointwise(rows * columns, (i) => a.data[i] + b.data[i % columns]),
  landbridge:
    ({ ops }, { a, b }) =>
    () =>
      ops.add(a, b),
  tfjs:
    (tf, { a, b }) =>
    () =>
      tf.add(a, b),
  torch: torchOf(['a', 'b'], 'a + b'),
  onnx: onnxNode('Add'),
}

const reduce = (op, axis) => ({
  name: `${op} [3200,1000] over axis ${axis}`,
  family: 'reductions',
  inputs: { x: uniform([rows, columns]) },
  work: bytes(rows * columns, 'rows·columns', 'read'),
  tolerances: [1e-6],
  reference: ({ x }) => reduction(x.data, [rows, columns], axis, op === 'sum' ? 1 : 1 / (axis === 0 ? rows : columns)),
  landbridge:
    ({ ops }, { x }) =>
    () =>
      ops[op](x, { axis }),
  tfjs:
    (tf, { x }) =>
    () =>
      tf[op](x, axis),
  torch: torchOf(['x'], `x.${op}(${axis})`),
  onnx:
    op === 'sum'
      ? ({ x }) => ({
          feeds: { x },
          constants: { axes: int64s([axis]) },
          nodes: [node('ReduceSum', ['x', 'axes'], { keepdims: 0 })],
          outputs: ['y'],
        })
      : onnxNode('ReduceMean', { axes: [axis], keepdims: 0 }),
})

export const softmax = (rows) => ({
  name: `softmax ${rows}x1000`,
  family: 'normalisation',
  inputs: { x: uniform([rows, 1000], -4, 4) },
  work: bytes(2 * rows * 1000, '2·rows·columns', 'copy'),
  tolerances: [1e-5],
  reference: ({ x }) => byRows(x.data, 1000, softmaxRow),
  landbridge:
    ({ ops }, { x }) =>
    () =>
      ops.softmax(x),
  tfjs:
    (tf, { x }) =>
    () =>
      tf.softmax(x),
  torch: torchOf(['x'], 'F.softmax(x, -1)'),
  onnx: onnxNode('Softmax', { axis: -1 }),
})

export const layerNorm = (rows) => ({
  name: `layer norm ${rows}x1000`,
  family: 'normalisation',
  inputs: { x: uniform([rows, 1000]), gamma: uniform([1000], 1, 1), beta: uniform([1000], 0, 0) },
  work: bytes(2 * rows * 1000, '2·rows·columns', 'copy'),
  tolerances: [1e-5],
  reference: ({ x }) => byRows(x.data, 1000, layerNormRow),
  landbridge:
    ({ ops }, { x, gamma, beta }) =>
    () =>
      ops.layerNorm(x, gamma, beta),
  tfjs:
    (tf, { x, gamma, beta }) =>
    () => {
      const { mean, variance } = tf.moments(x, -1, true)
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)))
      return tf.add(tf.mul(normal, gamma), beta)
    },
  torch: torchOf(['x', 'gamma', 'beta'], 'F.layer_norm(x, [1000], gamma, beta, 1e-5)'),
  onnx: onnxNode('LayerNormalization', { axis: -1, epsilon: { float: 1e-5 } }),
})

const image = (n, side = 112) => [n, side, side, 64]
export const normalise = (n, side = 112) => ({
  name: `batch norm, training, ${image(n, side).join('x')}`,
  family: 'normalisation',
  batch: n,
  single: () => normalise(1, side),
  inputs: { x: uniform(image(n, side)) },
  work: bytes(3 * sizeOf(image(n, side)), '3·N·H·W·C', 'copy'),
  tolerances: [1e-4],
  images: true,
  reference: ({ x }) => batchNorm(x.data, 64),
  landbridge: ({ nn, noGrad }, { x }) => {
    const layer = new nn.BatchNorm(64, { device: x.device })
    return () => noGrad(() => layer.call(x))
  },
  tfjs: (tf, { x }, keep) => {
    const [offset, scale] = [keep(tf.zeros([64])), keep(tf.ones([64]))]
    return () => {
      const { mean, variance } = tf.moments(x, [0, 1, 2])
      return tf.batchNorm(x, mean, variance, offset, scale, 1e-5)
    }
  },
  torch: `x = image(inputs["x"])
layer = torch.nn.BatchNorm2d(64)

def run():
    return layer(x)

def result(y):
    return [image_back(y)]
`,
})

const NCHW = [0, 3, 1, 2]
const pool = (n) => ({
  name: `max pool 3x3 s2 ${n}x112x112x64`,
  family: 'pooling',
  batch: n,
  single: () => pool(1),
  inputs: { x: uniform(image(n)) },
  work: bytes(1.25 * sizeOf(image(n)), '1.25·N·H·W·C', 'copy'),
  tolerances: [1e-6],
  images: true,
  reference: ({ x }) => maxPool(x.data, x.shape),
  landbridge:
    ({ ops }, { x }) =>
    () =>
      ops.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
  tfjs:
    (tf, { x }) =>
    () =>
      tf.maxPool(x, 3, 2, 1),
  torch: `x = image(inputs["x"])

def run():
    return F.max_pool2d(x, 3, 2, 1)

def result(y):
    return [image_back(y)]
`,
  onnx: ({ x }) => ({
    feeds: { x: { shape: NCHW.map((axis) => x.shape[axis]), data: permuted(x.data, x.shape, NCHW) } },
    nodes: [node('MaxPool', ['x'], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })],
    outputs: ['y'],
    back: [(y) => permuted(y.data, [n, 64, 56, 56], [0, 2, 3, 1])],
  }),
})

/** One update of all that is trained of a network; the first from zero moments is −lr·g/(|g| + ε). */
export function adam(network) {
  const trained = Object.entries(weightInputs(network)).filter(([name]) => !name.includes('running'))
  const parameters = trained.reduce((total, [, { shape }]) => total + sizeOf(shape), 0)
  const names = trained.map(([name]) => name)
  const first = names[0]
  return {
    name: `Adam, ${(parameters / 1e6).toFixed(1)} M parameters in ${trained.length} tensors`,
    family: 'optimiser',
    inputs: Object.fromEntries(trained.flatMap(([name, { shape }]) => [[name, uniform(shape)], [`grad ${name}`, uniform(shape)]])), // prettier-ignore
    work: bytes(7 * parameters, 'p, g, m, v read, p, m, v written'),
    tolerances: [1e-6],
    reference: (inputs) =>
      samplesOf(inputs[first].data.length, (i) => {
        const [p, g] = [inputs[first].data[i], inputs[`grad ${first}`].data[i]]
        return [p - (1e-3 * g) / (Math.abs(g) + 1e-8), 1]
      }),
    landbridge: ({ optim }, tensors) => {
      for (const name of names) {
        tensors[name].requiresGrad = true
        tensors[name].grad = tensors[`grad ${name}`]
      }
      const optimizer = new optim.Adam(names.map((name) => tensors[name]))
      return Object.assign(() => void optimizer.step(), {
        inspect: () => [tensors[first]],
        close: () => optimizer.dispose(),
      })
    },
    tfjs: (tf, tensors, keep) => {
      const variables = names.map((name) => keep(tf.variable(tensors[name])))
      const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8)
      const gradients = Object.fromEntries(variables.map((each, i) => [each.name, tensors[`grad ${names[i]}`]]))
      const step = () => (optimizer.applyGradients(gradients), [])
      return Object.assign(step, { inspect: () => [variables[0]], close: () => optimizer.dispose() })
    },
    torch: `parameters = [torch.nn.Parameter(value) for name, value in inputs.items() if not name.startswith("grad ")]
for parameter, gradient in zip(parameters, [value for name, value in inputs.items() if name.startswith("grad ")]):
    parameter.grad = gradient
optimizer = torch.optim.Adam(parameters, lr=1e-3)

def run():
    optimizer.step()

def result(_):
    return parameters[:1]
`,
  }
}

export const elementwiseRows = [
  add(3_200_000, '3.2 M'),
  add(100_000_000, '100 M', true),
  relu(3_200_000, '3.2 M'),
  relu(100_000_000, '100 M', true),
  broadcastAdd,
  ...['sum', 'mean'].flatMap((op) => [0, 1].map((axis) => reduce(op, axis))),
  softmax(4096),
  layerNorm(4096),
  normalise(16),
  pool(16),
  adam(resnet18),
]
