import { ShapeError } from '../engine/errors.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { broadcastShapes } from './broadcast.js'
import { sumTo } from './sumTo.js'

function resultShape(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Shape {
  if (a.rank < 2 || b.rank < 2) {
    throw new ShapeError('matmul', 'tensors of rank 2 or more', `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]`)
  }
  const [m, ka] = matrix(a.shape, transposeA)
  const [kb, n] = matrix(b.shape, transposeB)
  if (ka !== kb) {
    const flags = transposeA || transposeB ? ` with transposeA ${transposeA}, transposeB ${transposeB}` : ''
    const received = `[${a.shape.join(', ')}] and [${b.shape.join(', ')}]${flags}`
    throw new ShapeError('matmul', 'inner dimensions that agree, [..., m, k] and [..., k, n]', received)
  }
  return [...broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]
}

function matrix(shape: Shape, transpose: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number]
  return transpose ? [columns, rows] : [rows, columns]
}

/**
 * Matrix product [..., m, k] · [..., k, n] = [..., m, n]; leading dimensions broadcast.
 *
 * @param options.transposeA a is given as [..., k, m]; default false
 * @param options.transposeB b is given as [..., n, k]; default false
 */
export const matmul = defineOp('matmul', {
  inputs: ['a', 'b'],
  attrs: { transposeA: false, transposeB: false },
  shape: ([a, b], { transposeA, transposeB }) => resultShape(a, b, transposeA, transposeB),
  gradient: ({ inputs: [a, b], attrs: { transposeA, transposeB }, needs }, dy): Gradients => [
    needs[0] ? sumTo(gradientA(dy, b, transposeA, transposeB), a.shape) : undefined,
    needs[1] ? sumTo(gradientB(dy, a, transposeA, transposeB), b.shape) : undefined,
  ],
})

/** dA = dC·Bᵀ, and its transpose where A was given transposed. */
function gradientA(dy: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
    : matmul(dy, b, { transposeB: !transposeB })
}

/** dB = Aᵀ·dC, and its transpose where B was given transposed. */
function gradientB(dy: Tensor, a: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  return transposeB
    ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
    : matmul(a, dy, { transposeA: !transposeA })
}
