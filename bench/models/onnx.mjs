// ResNet inference as one ONNX graph of the same description, with the same weights.
import { permuted } from '../values.mjs'
import { blockConvolutions } from './resnet.mjs'

const NCHW = [0, 3, 1, 2]

export function onnxResnet(network, inputs) {
  const [nodes, constants] = [[], {}]
  let count = 0
  const add = (op, from, attributes) => {
    const to = `t${count++}`
    nodes.push({ op, inputs: from, outputs: [to], attributes })
    return to
  }
  const constant = (name, axes) => {
    const { shape, data } = inputs[name]
    constants[name] = axes ? { dims: axes.map((axis) => shape[axis]), data: permuted(data, shape, axes) } : { dims: shape, data } // prettier-ignore
    return name
  }
  const convolve = (x, { name, norm, kernel, stride }) => {
    const padding = (kernel - 1) / 2
    const attributes = { strides: [stride, stride], pads: [padding, padding, padding, padding] }
    const y = add('Conv', [x, constant(`${name}.weight`, [3, 2, 0, 1])], attributes)
    const moments = ['weight', 'bias', 'running_mean', 'running_var'].map((each) => constant(`${norm}.${each}`))
    return add('BatchNormalization', [y, ...moments], { epsilon: { float: 1e-5 } })
  }
  const { stem, blocks } = network
  let y = add('Relu', [convolve('x', { name: 'conv1', norm: 'bn1', ...stem })])
  if (stem.pool) y = add('MaxPool', [y], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  for (const block of blocks) {
    const [first, second, projection] = blockConvolutions(block)
    const body = convolve(add('Relu', [convolve(y, first)]), second)
    y = add('Relu', [add('Add', [body, projection ? convolve(y, projection) : y])])
  }
  y = add('Flatten', [add('GlobalAveragePool', [y])], { axis: 1 })
  y = add('Gemm', [y, constant('fc.weight'), constant('fc.bias')], {})
  const { shape, data } = inputs.x
  const x = { shape: NCHW.map((axis) => shape[axis]), data: permuted(data, shape, NCHW) }
  return { feeds: { x }, constants, nodes, outputs: [y] }
}
