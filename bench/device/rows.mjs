// The hot rows of the suite at sizes that fill a GPU; and tiny ones, on which the whole course is rehearsed without one.
// Beside what a row of ../rows has:
//   precisions   in which it is computed; float32 alone where no product of matrices is in it
//   libraries    whether landbridge may take a library's product instead of its own
//   compiled     whether PyTorch also takes part through torch.compile
import { samplesOf, softmaxRow } from '../reference/elementwise.mjs'
import { convolution } from '../rows/convolution.mjs'
import { adam, layerNorm, normalise, softmax } from '../rows/elementwise.mjs'
import { matmul } from '../rows/matmul.mjs'
import { recurrent } from '../rows/recurrent.mjs'
import { dan, training } from '../rows/steps.mjs'
import { loss } from '../rows/transfer.mjs'
import { resnet18, resnet20 } from '../models/resnet.mjs'
import { labels, uniform } from '../values.mjs'

const ALL = ['float32', 'tf32', 'bfloat16']
const products = (row) => ({ ...row, precisions: ALL, libraries: true })
const compared = (row) => ({ ...row, precisions: ['float32'], compiled: true })
const plain = (row) => ({ ...row, precisions: ['float32'] })

/** The mean cross entropy of [rows, classes] logits, with its gradient. */
const crossEntropy = (rows, classes) => ({
  name: `cross entropy ${rows}x${classes}, with its gradient`,
  family: 'losses',
  inputs: { x: uniform([rows, classes], -4, 4), labels: labels(rows, classes) },
  work: { bytes: 4 * 2 * rows * classes, formula: '4·(2·rows·classes)', limit: 'copy' },
  tolerances: [1e-5, 1e-5],
  grad: true,
  reference: ({ x, labels: wanted }) => crossEntropyReference(x.data, wanted.data, rows, classes),
  landbridge: ({ ops, grad }, { x, labels: wanted }) => {
    x.requiresGrad = true
    return () => {
      const value = ops.crossEntropy(x, wanted)
      return [value, ...grad(value, [x])]
    }
  },
  torch: `x, labels = inputs["x"].requires_grad_(), inputs["labels"]

def run():
    value = F.cross_entropy(x, labels)
    return [value, *torch.autograd.grad(value, [x])]
`,
})

/** The value, and (softmax − 1 at the label)/rows. */
function crossEntropyReference(x, wanted, rows, classes) {
  const rowOf = (i) => softmaxRow(Float64Array.from(x.subarray(i * classes, (i + 1) * classes)))
  let total = 0
  for (let i = 0; i < rows; i++) total -= Math.log(rowOf(i)[wanted[i]]) / rows
  const [gradient] = samplesOf(rows * classes, (index) => {
    const [i, k] = [Math.floor(index / classes), index % classes]
    const value = (rowOf(i)[k] - (wanted[i] === k ? 1 : 0)) / rows
    return [value, value]
  })
  return [{ size: 1, at: [0], expected: [total], scale: Math.abs(total) }, gradient]
}

const directions = ['forward', 'input', 'filter']
const convolutions = (shapes) =>
  shapes.flatMap(([batch, image, f, k, options]) =>
    directions.map((direction) => products(convolution(direction, batch, image, f, k, options))),
  )

/** PyTorch as its users write it would need the whole matrix of distances, five times over. */
const huge = { absent: { torch: 'the matrix of distances alone takes 160 GB' }, long: true }

export const deviceRows = [
  ...convolutions([
    [64, [56, 56, 64], 64, 3],
    [64, [28, 28, 128], 128, 3],
    [128, [14, 14, 256], 256, 3],
    [256, [7, 7, 512], 512, 3],
    [64, [56, 56, 256], 64, 1],
    [64, [224, 224, 3], 64, 7, { stride: 2 }],
  ]),
  products(matmul(1, 4096, 4096, 4096)),
  products(matmul(64, 512, 512, 512)),
  products(matmul(768, 197, 64, 197, { transposeB: true })),
  products(matmul(768, 197, 197, 64)),
  compared(loss('mmd', 4096, 4096, 256, true)),
  compared(loss('coral', 4096, 4096, 256, true)),
  compared(loss('coral', 512, 512, 2048, true)),
  products(dan(256)),
  products(dan(2048)),
  products(training('ResNet-18', resnet18, 64)),
  plain(softmax(32768)),
  plain(layerNorm(32768)),
  plain(normalise(32)),
  plain(crossEntropy(32768, 1000)),
  products(recurrent('LSTM', true, { batch: 256, steps: 64, units: 512 })),
  products(recurrent('GRU', true, { batch: 256, steps: 64, units: 512 })),
  plain(adam(resnet18)),
  plain(loss('mmd', 100_000, 100_000, 128, true, huge)),
]

export const tinyRows = [
  ...convolutions([[2, [8, 8, 8], 8, 3]]),
  products(matmul(2, 24, 20, 16)),
  products(matmul(2, 24, 20, 16, { transposeB: true })),
  compared(loss('mmd', 24, 24, 12, true)),
  compared(loss('coral', 24, 24, 12, true)),
  products(dan(8)),
  products(training('ResNet-20', { ...resnet20, image: [16, 16, 3] }, 4)),
  plain(softmax(8)),
  plain(layerNorm(8)),
  plain(normalise(2, 8)),
  plain(crossEntropy(16, 10)),
  products(recurrent('LSTM', true, { batch: 3, steps: 4, units: 16 })),
  products(recurrent('GRU', true, { batch: 3, steps: 4, units: 16 })),
  plain(adam({ ...resnet20, blocks: resnet20.blocks.slice(0, 3), features: 16 })),
  plain(loss('mmd', 300, 300, 8, true, huge)),
]

/** What a result may differ by where operands are rounded, see Judge.check; undefined in float32: the row's own. */
export function reducedOf({ tolerances, steps = false }, precision) {
  if (precision === 'float32') return undefined
  const rounding = precision === 'tf32' ? 1e-3 : 1e-2
  // Gradients of whole steps pass through many layers, each of which rounds its operands; and where rounding turns the
  // gate of a ReLU, a few elements differ by as much as they are.
  const allowed = (each) => (steps ? Math.max(20 * each, 10 * rounding) : Math.max(each, rounding))
  return { tolerances: tolerances.map(allowed), mean: steps }
}
