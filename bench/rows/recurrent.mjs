// LSTM and GRU: forward, and forward with all gradients. Gates in PyTorch's order.
import { permuted, uniform } from '../values.mjs'

const kinds = {
  LSTM: { gates: 4, onnxOrder: [0, 3, 1, 2], onnx: {} }, // i f g o to i o f g
  GRU: { gates: 3, onnxOrder: [1, 0, 2], onnx: { linear_before_reset: 1 } }, // r z n to z r n
}

const inputsOf = (gates, { batch, steps, units }, bound = 1 / Math.sqrt(units)) => ({
  x: uniform([batch, steps, units]),
  wIh: uniform([units, gates * units], -bound, bound),
  wHh: uniform([units, gates * units], -bound, bound),
  bIh: uniform([gates * units], -bound, bound),
  bHh: uniform([gates * units], -bound, bound),
  dy: uniform([batch, steps, units]),
})

/** The bias as landbridge keeps it: what both projections add, and for a GRU apart what stands inside the reset gate. */
function biasOf({ ops }, kind, units, bIh, bHh) {
  if (kind === 'LSTM') return ops.add(bIh, bHh)
  const part = (bias, from, to) => ops.slice(bias, { start: [from * units], end: [to * units] })
  return ops.concat([ops.add(part(bIh, 0, 2), part(bHh, 0, 2)), part(bIh, 2, 3), part(bHh, 2, 3)], { axis: 0 })
}

function landbridgeLayer(lb, kind, { wIh, wHh, bIh, bHh }) {
  const [units] = wIh.shape
  const layer = new lb.nn[kind]({ in: units, hidden: units, returns: 'sequence', device: wIh.device })
  const given = { inputWeight: wIh, hiddenWeight: wHh, bias: biasOf(lb, kind, units, bIh, bHh) }
  layer.loadStateDict(Object.fromEntries(Object.entries(given).map(([name, value]) => [`cells.0.${name}`, value])))
  return layer
}

function landbridgeRun(lb, kind, tensors, backward) {
  const layer = landbridgeLayer(lb, kind, tensors)
  if (!backward) return () => lb.noGrad(() => layer.call(tensors.x))
  tensors.x.requiresGrad = true
  return () => {
    const y = layer.call(tensors.x)
    const [dx, dw] = lb.grad(y, [tensors.x, ...layer.parameters()], { gradient: tensors.dy })
    return [y, dx, dw].slice(0, 2)
  }
}

/** tf.basicLSTMCell in a loop: kernel [inputs + units, 4·units], gates i g f o, one bias. */
function tfjsLstm(tf, { x, wIh, wHh, bIh, bHh, dy }, backward) {
  const reorder = (each, axis) => {
    const [i, f, g, o] = tf.split(each, 4, axis)
    return tf.concat([i, g, f, o], axis)
  }
  const [batch, , units] = x.shape
  const run = (input) => {
    const [kernel, bias] = [reorder(tf.concat([wIh, wHh], 0), 1), reorder(tf.add(bIh, bHh), 0)]
    let [c, h] = [tf.zeros([batch, units]), tf.zeros([batch, units])]
    const outputs = tf.unstack(input, 1).map((each) => {
      ;[c, h] = tf.basicLSTMCell(0, kernel, bias, each, c, h)
      return h
    })
    return tf.stack(outputs, 1)
  }
  if (!backward) return () => run(x)
  const both = tf.valueAndGrads((input) => run(input))
  return () => {
    const { value, grads } = both([x], dy)
    return [value, grads[0]]
  }
}

const torchSource = (kind, backward, units) => `layer = torch.nn.${kind}(${units}, ${units}, batch_first=True)
for name, own in (("wIh", "weight_ih_l0"), ("wHh", "weight_hh_l0"), ("bIh", "bias_ih_l0"), ("bHh", "bias_hh_l0")):
    getattr(layer, own).data = inputs[name].T.contiguous() if inputs[name].dim() == 2 else inputs[name]
x, dy = inputs["x"]${backward ? '.requires_grad_()' : ''}, inputs["dy"]

def run():
    y = layer(x)[0]
${backward ? '    return [y, *torch.autograd.grad(y, [x, *layer.parameters()], dy)]' : '    return y'}

def result(y):
    return ${backward ? 'y[:2]' : '[y]'}
`

/** ONNX has the gates in another order, one bias vector for both products, and the time axis first. */
const onnxGraph = (kind) => (inputs) => {
  const { gates, onnxOrder, onnx } = kinds[kind]
  const [batch, steps, units] = inputs.x.shape
  const rows = (name) => {
    const { shape, data } = inputs[name]
    const byGate = shape.length === 2 ? permuted(data, shape, [1, 0]) : data
    const block = byGate.length / gates
    return onnxOrder.flatMap((gate) => [...byGate.subarray(gate * block, (gate + 1) * block)])
  }
  const matrix = (name) => ({ dims: [1, gates * units, units], data: Float32Array.from(rows(name)) })
  const bias = { dims: [1, 2 * gates * units], data: Float32Array.from([...rows('bIh'), ...rows('bHh')]) }
  const { shape, data } = inputs.x
  return {
    feeds: { x: { shape: [steps, batch, units], data: permuted(data, shape, [1, 0, 2]) } },
    constants: { w: matrix('wIh'), r: matrix('wHh'), b: bias },
    nodes: [{ op: kind, inputs: ['x', 'w', 'r', 'b'], outputs: ['y'], attributes: { hidden_size: units, ...onnx } }],
    outputs: ['y'],
    back: [(y) => permuted(y.data, [steps, batch, units], [1, 0, 2])],
  }
}

const standard = { batch: 64, steps: 48, units: 128 }

export function recurrent(kind, backward, size = standard) {
  const { gates } = kinds[kind]
  const { batch, steps, units } = size
  const flop = 2 * batch * steps * gates * units * 2 * units
  return {
    name: `${kind} ${batch}x${steps}x${units}, ${backward ? 'forward and backward' : 'forward'}`,
    family: 'recurrent',
    inputs: inputsOf(gates, size),
    work: { flop: flop * (backward ? 3 : 1), formula: `${backward ? 6 : 2}·N·T·gates·units·(inputs + units)` },
    tolerances: backward ? [1e-4, 1e-4] : [1e-4],
    grad: backward,
    landbridge: (lb, tensors) => landbridgeRun(lb, kind, tensors, backward),
    tfjs: kind === 'LSTM' ? (tf, tensors) => tfjsLstm(tf, tensors, backward) : undefined,
    torch: torchSource(kind, backward, units),
    onnx: backward ? undefined : onnxGraph(kind),
  }
}

export const recurrentRows = Object.keys(kinds).flatMap((kind) =>
  [false, true].map((backward) => recurrent(kind, backward)),
)
