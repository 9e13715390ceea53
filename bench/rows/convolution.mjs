// 2-D convolutions, each forward and with its two gradients. Filters [kh, kw, C/groups, F], padding (k − 1)/2 all round.
import { conv2dFilter, conv2dInput } from '../../dist/ops/conv2d.js'
import { convolutionReference } from '../reference/convolution.mjs'
import { permuted, uniform } from '../values.mjs'

const NCHW = [0, 3, 1, 2]

function geometryOf([h, w, c], f, k, stride, groups) {
  const padding = (k - 1) / 2
  const out = (size) => Math.floor((size + 2 * padding - k) / stride) + 1
  return { h, w, c, f, k, stride, padding, groups, oh: out(h), ow: out(w) }
}

const directions = {
  forward: {
    suffix: '',
    operands: ['x', 'w'],
    landbridge:
      ({ ops }, { x, w }, { stride, padding, groups }) =>
      () =>
        ops.conv2d(x, w, { stride, padding, groups }),
    tfjs: (tf, { x, w }, { stride, padding, groups }) =>
      groups > 1
        ? () => tf.depthwiseConv2d(x, tf.reshape(w, [w.shape[0], w.shape[1], groups, 1]), stride, padding)
        : () => tf.conv2d(x, w, stride, padding),
    torch: ({ stride, padding, groups }) => `x, w = image(inputs["x"]), filters(inputs["w"])

def run():
    return F.conv2d(x, w, stride=${stride}, padding=${padding}, groups=${groups})

def result(y):
    return [image_back(y)]
`,
  },
  input: {
    suffix: ', input gradient',
    operands: ['dy', 'w'],
    landbridge:
      (_, { dy, w }, g) =>
      () =>
        conv2dInput(dy, w, gradientOptions(g, [g.h, g.w])),
    tfjs:
      (tf, { dy, w }, { stride, padding, groups, h, w: width, c }) =>
      () => {
        const inputShape = [dy.shape[0], h, width, c]
        if (groups === 1) return kernel(tf, 'Conv2DBackpropInput', { dy, filter: w }, { strides: stride, pad: padding, dataFormat: 'NHWC', inputShape }) // prettier-ignore
        const filter = tf.reshape(w, [w.shape[0], w.shape[1], c, 1])
        return kernel(tf, 'DepthwiseConv2dNativeBackpropInput', { dy, filter }, { strides: stride, pad: padding, dilations: 1, inputShape }) // prettier-ignore
      },
    torch: (g) => torchGradient(g, 0),
  },
  filter: {
    suffix: ', filter gradient',
    operands: ['x', 'dy'],
    landbridge:
      (_, { x, dy }, g) =>
      () =>
        conv2dFilter(x, dy, gradientOptions(g, [g.k, g.k])),
    tfjs: (tf, { x, dy }, { stride, padding, groups, k, c, f }) => () =>
      groups === 1
        ? kernel(tf, 'Conv2DBackpropFilter', { x, dy }, { strides: stride, pad: padding, dataFormat: 'NHWC', filterShape: [k, k, c, f] }) // prettier-ignore
        : kernel(tf, 'DepthwiseConv2dNativeBackpropFilter', { x, dy }, { strides: stride, pad: padding, dilations: 1, filterShape: [k, k, c, 1] }), // prettier-ignore
    torch: (g) => torchGradient(g, 1),
  },
}

const kernel = (tf, name, inputs, attributes) => tf.engine().runKernel(name, inputs, attributes)

const gradientOptions = ({ stride, padding, groups }, size) => ({
  stride: [stride, stride],
  padding: [
    [padding, padding],
    [padding, padding],
  ],
  dilation: [1, 1],
  groups,
  size,
})

/** The call that autograd makes, with only the wanted gradient in its output mask. */
const torchGradient = ({ h, w, c, k, f, stride, padding, groups }, wanted) => `${
  wanted === 0
    ? `dy, w = image(inputs["dy"]), filters(inputs["w"])
x = torch.empty(len(dy), ${c}, ${h}, ${w}).contiguous(memory_format=memory_format)`
    : `x, dy = image(inputs["x"]), image(inputs["dy"])
w = torch.empty(${f}, ${c / groups}, ${k}, ${k}).contiguous(memory_format=memory_format)`
}

def run():
    return torch.ops.aten.convolution_backward(dy, x, w, None, [${stride}] * 2, [${padding}] * 2, [1, 1], False, [0, 0],
                                               ${groups}, [${wanted === 0 ? 'True, False' : 'False, True'}, False])[${wanted}]

def result(y):
    return [${wanted === 0 ? 'image_back' : 'filters_back'}(y)]
`

const onnxConv =
  ({ stride, padding, groups, f, oh, ow }) =>
  ({ x, w }) => ({
    feeds: { x: { shape: NCHW.map((axis) => x.shape[axis]), data: permuted(x.data, x.shape, NCHW) } },
    constants: {
      w: { dims: [3, 2, 0, 1].map((axis) => w.shape[axis]), data: permuted(w.data, w.shape, [3, 2, 0, 1]) },
    },
    nodes: [
      {
        op: 'Conv',
        inputs: ['x', 'w'],
        outputs: ['y'],
        attributes: { strides: [stride, stride], pads: [padding, padding, padding, padding], group: groups },
      },
    ],
    outputs: ['y'],
    back: [(y) => permuted(y.data, [x.shape[0], f, oh, ow], [0, 2, 3, 1])],
  })

export function convolution(direction, batch, image, f, k, { stride = 1, groups = 1 } = {}) {
  const g = geometryOf(image, f, k, stride, groups)
  const { suffix, operands, landbridge, tfjs, torch } = directions[direction]
  const all = {
    x: uniform([batch, g.h, g.w, g.c]),
    w: uniform([k, k, g.c / groups, f]),
    dy: uniform([batch, g.oh, g.ow, f]),
  }
  const what = groups > 1 ? `depthwise ${k}x${k}` : `-> ${f}, ${k}x${k}`
  return {
    name: `conv2d ${batch}x${image.join('x')} ${what}${stride > 1 ? ` s${stride}` : ''}${suffix}`,
    family: `convolution ${direction === 'forward' ? 'forward' : `${direction} gradient`}`,
    batch,
    single: () => convolution(direction, 1, image, f, k, { stride, groups }),
    inputs: Object.fromEntries(operands.map((name) => [name, all[name]])),
    work: { flop: 2 * batch * g.oh * g.ow * k * k * (g.c / groups) * f, formula: "2·N·H'·W'·kh·kw·(C/groups)·F" },
    tolerances: [1e-4],
    images: true,
    reference: (inputs) => convolutionReference(direction, g, batch, ...operands.map((name) => inputs[name].data)),
    landbridge: (lb, tensors) => landbridge(lb, tensors, g),
    tfjs: (tf, tensors) => tfjs(tf, tensors, g),
    torch: torch(g),
    onnx: direction === 'forward' ? onnxConv(g) : undefined,
  }
}

const shapes = [
  [16, [224, 224, 3], 64, 7, { stride: 2 }],
  [16, [56, 56, 64], 64, 3],
  [16, [28, 28, 128], 128, 3],
  [16, [14, 14, 256], 256, 3],
  [16, [7, 7, 512], 512, 3],
  [16, [56, 56, 64], 128, 3, { stride: 2 }],
  [16, [56, 56, 256], 64, 1],
  [16, [7, 7, 512], 2048, 1],
  [16, [56, 56, 144], 144, 3, { groups: 144 }],
  [128, [32, 32, 16], 16, 3],
]

export const convolutionRows = ['forward', 'input', 'filter'].flatMap((direction) =>
  shapes.map(([batch, image, f, k, options]) => convolution(direction, batch, image, f, k, options)),
)
