import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import { sizeOf, type Shape, type Tensor } from '../engine/tensor.js'
import { add, mul, sub } from './arithmetic.js'
import { checkEpsilon } from './batchNorm.js'
import { mean } from './reductions.js'
import { rsqrt } from './unary.js'

const attrs = { normalizedDims: 1, epsilon: 1e-5 }
type Attrs = typeof attrs

/** The sizes of the axes that are normalised together. */
function normalizedShape(x: Tensor, dims: number): Shape {
  if (Number.isSafeInteger(dims) && dims >= 1 && dims <= x.rank) return x.shape.slice(x.rank - dims)
  const expected = `an integer from 1 to ${x.rank} as normalizedDims for shape [${x.shape.join(', ')}]`
  throw new ArgumentError('layerNorm', expected, describe(dims))
}

function check(shape: Shape, others: Record<string, Tensor | undefined>): void {
  for (const [name, each] of Object.entries(others)) {
    if (each !== undefined && each.shape.join() !== shape.join()) {
      throw new ShapeError('layerNorm', `${name} [${shape.join(', ')}]`, `[${each.shape.join(', ')}]`)
    }
  }
}

/** The definition, step by step. */
function compose([x, gamma, beta]: readonly [Tensor, Tensor?, Tensor?], { normalizedDims, epsilon }: Attrs): Tensor {
  const axis = Array.from({ length: normalizedDims }, (_, i) => i - normalizedDims)
  const centred = sub(x, mean(x, { axis, keepDims: true }))
  const variance = mean(mul(centred, centred), { axis, keepDims: true })
  const normal = mul(centred, rsqrt(add(variance, epsilon)))
  const scaled = gamma === undefined ? normal : mul(normal, gamma)
  return beta === undefined ? scaled : add(scaled, beta)
}

/** How many rows of `size` values x has. */
const rowsOf = (x: Tensor, size: number): number => (size === 0 ? 0 : x.size / size)

/**
 * Layer normalisation over the last axes: y = gamma·(x − mean)/√(variance + epsilon) + beta, the variance over n (Ba,
 * Kiros and Hinton 2016).
 *
 * @param x [..., normalised axes]
 * @param gamma the shape of the normalised axes; optional: 1
 * @param beta the shape of the normalised axes; optional: 0
 * @param options.normalizedDims how many last axes are normalised together; default 1
 * @param options.epsilon default 1e-5. (tfjs: 1e-3)
 */
export const layerNorm = defineOp('layerNorm', {
  inputs: ['x', 'gamma?', 'beta?'],
  attrs,
  kernel: 'layerNorm',
  shape: ([x, gamma, beta], { normalizedDims, epsilon }, needs) => {
    const shape = normalizedShape(x, normalizedDims)
    check(shape, { gamma, beta })
    checkEpsilon('layerNorm', epsilon)
    const perRow = needs.includes(true) ? { shape: [rowsOf(x, sizeOf(shape))] } : null
    return [{ shape: x.shape }, perRow, perRow]
  },
  params: ([x], { normalizedDims, epsilon }) => [sizeOf(normalizedShape(x, normalizedDims)), epsilon],
  compose,
  // beta is for the twin, which runs forward again.
  save: ['x', 'gamma', 'beta', 'outputs[1]', 'outputs[2]'],
  fusedGradient: (
    { inputs: [x, gamma], outputs: [, means, inverses], attrs: { normalizedDims }, needs },
    dy,
  ): Gradients => {
    const [dxWanted, dGammaWanted, dBetaWanted] = needs as [boolean, boolean, boolean]
    const wanted = { normalizedDims, dxWanted, dGammaWanted, dBetaWanted }
    return layerNormGradient(dy, x, means as Tensor, inverses as Tensor, gamma, wanted)
  },
})

/** The fused gradients of layerNorm, from each row's mean and 1/√(variance + epsilon). */
const layerNormGradient = defineOp('layerNormGradient', {
  inputs: ['dy', 'x', 'mean', 'inverse', 'gamma?'],
  attrs: { normalizedDims: 1, dxWanted: true, dGammaWanted: true, dBetaWanted: true },
  visible: 3,
  shape: ([, x], { normalizedDims, dxWanted, dGammaWanted, dBetaWanted }) => {
    const shape = normalizedShape(x, normalizedDims)
    return [dxWanted ? { shape: x.shape } : null, dGammaWanted ? { shape } : null, dBetaWanted ? { shape } : null]
  },
  params: ([, x], { normalizedDims }) => [sizeOf(normalizedShape(x, normalizedDims))],
})
