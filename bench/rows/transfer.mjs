// What transfer learning spends its time on: MMD with five kernels, and CORAL; the value, and the value with both
// gradients. The peers compute them as their users write them: distances by a matrix product, gradients by autograd.
import { coralReference, mmdReference } from '../reference/alignment.mjs'
import { uniform } from '../values.mjs'

export const torchMmd = `def loss(x, y):
    z = torch.cat([x, y])
    z = z - z.mean(0)
    norms = (z * z).sum(1)
    squared = (norms[:, None] + norms[None, :] - 2 * z @ z.T).clamp(min=0)  # |a|² + |b|² − 2ab
    h = squared.detach().mean()
    k = sum(torch.exp(squared / (-s * h)) for s in (0.25, 0.5, 1, 2, 4))
    n = len(x)
    return k[:n, :n].mean() + k[n:, n:].mean() - 2 * k[:n, n:].mean()
`
const torchCoral = `def covariance(x):
    x = x - x.mean(0)
    return x.T @ x / (len(x) - 1)

def loss(x, y):
    return (covariance(x) - covariance(y)).square().sum() / (4 * x.shape[1] ** 2)
`
const torchForward = (loss) => `${loss}
x, y = inputs["x"], inputs["y"]

def run():
    return loss(x, y)
`
const torchGradients = (loss) => `${loss}
x, y = inputs["x"].requires_grad_(), inputs["y"].requires_grad_()

def run():
    value = loss(x, y)
    return [value, *torch.autograd.grad(value, [x, y])]
`

/** By rows first: tfjs wasm adds up in float32, one value after the other, and loses a percent over millions of them. */
const meanOf = (tf, x) => tf.mean(tf.mean(x, 1))

/** Distances and kernels as tfjs programs write them; the bandwidth is a constant, as in the other forms. */
export function tfjsMmd(tf, x, y) {
  const pooled = tf.concat([x, y])
  const z = tf.sub(pooled, tf.mean(pooled, 0))
  const norms = tf.sum(tf.square(z), 1, true)
  const squared = tf.relu(tf.sub(tf.add(norms, tf.transpose(norms)), tf.mul(tf.matMul(z, z, false, true), 2)))
  const h = tf.scalar(meanOf(tf, squared).dataSync()[0])
  const k = tf.addN([0.25, 0.5, 1, 2, 4].map((s) => tf.exp(tf.div(squared, tf.mul(h, -s)))))
  const [n, total] = [x.shape[0], z.shape[0]]
  const block = (row, column, rows, columns) => meanOf(tf, tf.slice(k, [row, column], [rows, columns]))
  const across = block(0, n, n, total - n)
  return tf.sub(tf.add(block(0, 0, n, n), block(n, n, total - n, total - n)), tf.mul(across, 2))
}

function tfjsCoral(tf, x, y) {
  const covariance = (sample) => {
    const centred = tf.sub(sample, tf.mean(sample, 0))
    return tf.div(tf.matMul(centred, centred, true), sample.shape[0] - 1)
  }
  return tf.div(meanOf(tf, tf.square(tf.sub(covariance(x), covariance(y)))), 4)
}

const losses = {
  mmd: { torch: torchMmd, tfjs: tfjsMmd, reference: mmdReference, tolerances: [1e-5, 1e-3, 1e-3] },
  coral: { torch: torchCoral, tfjs: tfjsCoral, reference: coralReference, tolerances: [1e-4, 1e-3, 1e-3] },
}

/** Products of the whole [n + m, n + m] matrix, again for the gradients; five exponentials count as five. */
function workOf(op, n, m, d, gradients) {
  const pairs = (n + m) ** 2
  const passes = gradients ? 2 : 1
  if (op === 'mmd') return { flop: passes * pairs * (2 * d + 5), formula: `${passes}·(n + m)²·(2d + 5)` }
  const [covariances, grams] = [(n + m) * d * d, pairs * d]
  return { flop: 2 * passes * Math.min(covariances, grams), formula: `${2 * passes}·min((n + m)·d², (n + m)²·d)` }
}

export function loss(op, n, m, d, gradients, more = {}) {
  const { torch, tfjs, reference, tolerances } = losses[op]
  const size = n === m ? `${n},${d}` : `${n} against ${m}, ${d}`
  return {
    name: `${op} ${size}${gradients ? ', with both gradients' : ''}`,
    family: `${op === 'mmd' ? 'MMD' : 'CORAL'} ${gradients ? 'with both gradients' : 'forward'}`,
    inputs: { x: uniform([n, d], -1, 1), y: uniform([m, d], -0.8, 1.4) }, // samples that differ: else all is rounding
    work: workOf(op, n, m, d, gradients),
    tolerances: gradients ? tolerances : tolerances.slice(0, 1),
    reference: ({ x, y }) => reference(x, y, { gradients, value: !more.long }),
    grad: gradients,
    heavy: (op === 'mmd' && n >= 2048) || (op === 'coral' && n * d >= 1 << 19),
    landbridge: (lb, { x, y }) => (gradients ? landbridgeGradients(lb, lb.ops[op], x, y) : () => lb.ops[op](x, y)),
    tfjs: (tf, { x, y }) => (gradients ? tfjsGradients(tf, tfjs, x, y) : () => tfjs(tf, x, y)),
    torch: gradients ? torchGradients(torch) : torchForward(torch),
    ...more,
  }
}

function landbridgeGradients({ grad }, op, x, y) {
  x.requiresGrad = true
  y.requiresGrad = true
  return () => {
    const value = op(x, y)
    return [value, ...grad(value, [x, y])]
  }
}

const tfjsGradients = (tf, f, x, y) => {
  const both = tf.valueAndGrads((a, b) => f(tf, a, b))
  return () => {
    const { value, grads } = both([x, y])
    return [value, ...grads]
  }
}

const needs = 'the matrix of distances alone takes 40 GB'
const huge = {
  long: true,
  absent: { torch: needs, tfjs_cpu: needs, tfjs_wasm: needs, tfjs_node: needs },
}
const sizes = [
  [64, 2048],
  [256, 2048],
  [2048, 256],
  [4096, 64],
]
const both = [false, true]

export const transferRows = [
  ...both.flatMap((gradients) => sizes.map(([n, d]) => loss('mmd', n, n, d, gradients))),
  ...both.map((gradients) => loss('mmd', 7207, 93070, 79, gradients, huge)),
  ...both.flatMap((gradients) => sizes.map(([n, d]) => loss('coral', n, n, d, gradients))),
]
