// Matrix products: many small ones, big ones, and a matrix times a vector.
import { sampled, sizeOf, uniform } from '../values.mjs'

/** Samples of [batch, m, k] · [batch, k, n], b as [batch, n, k] where transposed; the scale is the largest Σ|a·b|. */
function productReference([batch, m, k, n], transposeB, a, b) {
  const size = batch * m * n
  const at = sampled(size, 1000)
  let scale = 0
  const expected = at.map((index) => {
    const [which, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n]
    const [row, column, step] = [(which * m + i) * k, which * k * n + (transposeB ? j * k : j), transposeB ? 1 : n]
    let [sum, magnitude] = [0, 0]
    for (let l = 0; l < k; l++) {
      const product = a[row + l] * b[column + l * step]
      sum += product
      magnitude += Math.abs(product)
    }
    scale = Math.max(scale, magnitude)
    return sum
  })
  return [{ size, at, expected, scale }]
}

/** A transposed operand of ONNX's MatMul is a Transpose before it, which ONNX Runtime fuses into the product. */
const onnxProduct =
  (rank, transposeB) =>
  ({ a, b }) => ({
    feeds: { a, b },
    nodes: [
      ...(transposeB
        ? [{ op: 'Transpose', inputs: ['b'], outputs: ['bt'], attributes: { perm: rank === 3 ? [0, 2, 1] : [1, 0] } }]
        : []),
      { op: 'MatMul', inputs: ['a', transposeB ? 'bt' : 'b'], outputs: ['y'] },
    ],
    outputs: ['y'],
  })

export function matmul(batch, m, k, n, { transposeB = false, name, family } = {}) {
  const lead = batch > 1 ? [batch] : []
  const dims = [batch, m, k, n]
  return {
    name: name ?? `matmul ${batch}x(${m},${k},${n})${transposeB ? ', B transposed' : ''}`,
    family: family ?? `batched matmul${transposeB ? ', B transposed' : ''}`,
    batch,
    single: batch > 1 ? () => matmul(1, m, k, n, { transposeB }) : undefined,
    inputs: { a: uniform([...lead, m, k]), b: uniform([...lead, ...(transposeB ? [n, k] : [k, n])]) },
    work:
      n === 1
        ? { bytes: 4 * (m * k + k + m), formula: '4·(m·k + k + m)', limit: 'read' }
        : { flop: 2 * sizeOf(dims), formula: '2·batch·m·k·n' },
    heavy: batch === 1 && n > 1,
    tolerances: [1e-5],
    reference: ({ a, b }) => productReference(dims, transposeB, a.data, b.data),
    landbridge:
      ({ ops }, { a, b }) =>
      () =>
        ops.matmul(a, b, { transposeB }),
    tfjs:
      (tf, { a, b }) =>
      () =>
        tf.matMul(a, b, false, transposeB),
    torch: `a, b = inputs["a"], inputs["b"]

def run():
    return a @ b${transposeB ? '.transpose(-2, -1)' : ''}
`,
    onnx: onnxProduct(lead.length + 2, transposeB),
  }
}

const shapes = [
  [1024, 32, 32, 32],
  [96, 197, 64, 197],
  [96, 197, 197, 64],
  [16, 512, 512, 512],
  [1, 2048, 2048, 2048],
]

export const matmulRows = [
  ...[false, true].flatMap((transposeB) => shapes.map((dims) => matmul(...dims, { transposeB }))),
  matmul(1, 4096, 4096, 1, { name: 'matrix (4096,4096) x vector', family: 'matrix times vector' }),
]
