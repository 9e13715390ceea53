import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type GradientContext, type Gradients } from '../engine/op.js'
import { sizeOf, type Tensor } from '../engine/tensor.js'
import { add, mul, sub } from './arithmetic.js'
import { broadcastTo } from './broadcast.js'
import { sumTo } from './sumTo.js'
import { neg, rsqrt } from './unary.js'

export function checkEpsilon(op: string, epsilon: number): void {
  if (typeof epsilon === 'number' && epsilon >= 0 && Number.isFinite(epsilon)) return
  throw new ArgumentError(op, 'a number of at least 0 as epsilon', describe(epsilon))
}

/** Checks x [..., C] and that everything else is [C]. */
function check(op: string, x: Tensor, epsilon: number, others: Record<string, Tensor | undefined>): number {
  const channels = x.shape.at(-1)
  if (channels === undefined || x.rank < 2)
    throw new ShapeError(op, 'x [..., C] of rank 2 or more', `[${x.shape.join(', ')}]`)
  for (const [name, each] of Object.entries(others)) {
    if (each !== undefined && (each.rank !== 1 || each.shape[0] !== channels)) {
      throw new ShapeError(op, `${name} [${channels}]`, `[${each.shape.join(', ')}]`)
    }
  }
  checkEpsilon(op, epsilon)
  return channels
}

const rowsOf = (x: Tensor): number => sizeOf(x.shape.slice(0, -1))
/** Σ over all rows: [..., C] to [C]. */
const overRows = (t: Tensor, like: Tensor): Tensor => sumTo(t, like.shape)

const trainInputs = ['x', 'gamma?', 'beta?'] as const
type TrainContext = GradientContext<typeof trainInputs, { epsilon: number }>

/**
 * Batch normalisation by the moments of the batch itself: [y, mean, variance]. The variance is over n; running
 * statistics want it over n − 1: times n/(n − 1), n the number of rows. All three have gradients.
 */
export const batchNormTrain = defineOp('batchNormTrain', {
  inputs: trainInputs,
  attrs: { epsilon: 1e-5 },
  visible: 3,
  shape: ([x, gamma, beta], { epsilon }) => {
    const channels = check('batchNorm', x, epsilon, { gamma, beta })
    if (rowsOf(x) < 2) {
      throw new ShapeError('batchNorm', 'at least 2 values per channel to train on', `[${x.shape.join(', ')}]`)
    }
    return [{ shape: x.shape }, { shape: [channels] }, { shape: [channels] }]
  },
  save: ['x', 'gamma', 'outputs[1]', 'outputs[2]'],
  gradient: (ctx, dy, dMean, dVariance) => trainGradient(ctx, dy, dMean, dVariance),
  fusedGradient: (ctx, dy, dMean, dVariance): Gradients => {
    const [x, gamma] = ctx.inputs
    if (dy === undefined || dMean !== undefined || dVariance !== undefined)
      return trainGradient(ctx, dy, dMean, dVariance)
    const [mean, variance] = ctx.outputs.slice(1) as [Tensor, Tensor]
    const [dxWanted, dGammaWanted, dBetaWanted] = ctx.needs as [boolean, boolean, boolean]
    return batchNormGradient(dy, x, mean, variance, gamma, { ...ctx.attrs, dxWanted, dGammaWanted, dBetaWanted })
  },
})

/**
 * Ioffe and Szegedy 2015, in terms of the outputs mean and variance, which lead back to x when this is differentiated:
 * dx = gamma·r·(dy − mean(dy) − x̂·mean(dy·x̂)) + dMean/n + dVariance·2(x − mean)/n with r = 1/√(variance + epsilon).
 */
function trainGradient(ctx: TrainContext, dy?: Tensor, dMean?: Tensor, dVariance?: Tensor): Gradients {
  const { inputs, outputs, attrs, needs } = ctx
  const [x, gamma] = inputs
  const [mean, variance] = outputs.slice(1) as [Tensor, Tensor]
  const share = 1 / rowsOf(x)
  const centred = sub(x, mean)
  const inverse = rsqrt(add(variance, attrs.epsilon))
  const normal = mul(centred, inverse)
  const [dBeta, dGamma] = dy === undefined ? [] : [overRows(dy, mean), overRows(mul(dy, normal), mean)]
  const terms: Tensor[] = []
  if (needs[0] && dy && dBeta && dGamma) {
    const rest = sub(sub(dy, mul(dBeta, share)), mul(normal, mul(dGamma, share)))
    terms.push(mul(rest, gamma === undefined ? inverse : mul(inverse, gamma)))
  }
  if (needs[0] && dVariance) terms.push(mul(centred, mul(dVariance, 2 * share)))
  if (needs[0] && dMean) terms.push(broadcastTo(mul(dMean, share), { shape: x.shape }))
  return [
    terms.length > 0 ? terms.reduce((a, b) => add(a, b)) : undefined,
    needs[1] ? dGamma : undefined,
    needs[2] ? dBeta : undefined,
  ]
}

/** The fused gradients of batchNormTrain. */
const batchNormGradient = defineOp('batchNormGradient', {
  inputs: ['dy', 'x', 'mean', 'variance', 'gamma?'],
  attrs: { epsilon: 1e-5, dxWanted: true, dGammaWanted: true, dBetaWanted: true },
  visible: 3,
  shape: ([, x, mean], { dxWanted, dGammaWanted, dBetaWanted }) => [
    dxWanted ? { shape: x.shape } : null,
    dGammaWanted ? { shape: mean.shape } : null,
    dBetaWanted ? { shape: mean.shape } : null,
  ],
  params: (_, { epsilon }) => [epsilon],
})

/** Batch normalisation by given moments [C]. */
export const batchNormInfer = defineOp('batchNormInfer', {
  inputs: ['x', 'mean', 'variance', 'gamma?', 'beta?'],
  attrs: { epsilon: 1e-5 },
  shape: ([x, runningMean, runningVar, gamma, beta], { epsilon }) => {
    check('batchNorm', x, epsilon, { runningMean, runningVar, gamma, beta })
    return x.shape
  },
  save: ['x', 'mean', 'variance', 'gamma'],
  gradient: ({ inputs: [x, mean, variance, gamma], attrs: { epsilon }, needs }, dy): Gradients => {
    const inverse = rsqrt(add(variance, epsilon))
    const scale = gamma === undefined ? inverse : mul(inverse, gamma)
    const plain = needs[1] || needs[4] ? overRows(dy, mean) : undefined
    const weighed = needs[2] || needs[3] ? overRows(mul(dy, sub(x, mean)), mean) : undefined
    return [
      needs[0] ? mul(dy, scale) : undefined,
      needs[1] && plain ? neg(mul(plain, scale)) : undefined,
      needs[2] && weighed ? mul(mul(weighed, scale), mul(mul(inverse, inverse), -0.5)) : undefined,
      needs[3] && weighed ? mul(weighed, inverse) : undefined,
      needs[4] ? plain : undefined,
    ]
  },
})

/**
 * Batch normalisation per channel of x [..., C], statistics over all other axes:
 * y = gamma·(x − mean)/√(variance + epsilon) + beta (Ioffe and Szegedy 2015). Running statistics are `nn.BatchNorm`'s to
 * keep: this op only reads them.
 *
 * @param x [..., C], rank 2 or more; training needs at least 2 values per channel
 * @param gamma [C], optional: 1. (tfjs: `scale`)
 * @param beta [C], optional: 0. (tfjs: `offset`)
 * @param runningMean [C], required unless training. (tfjs: `mean`)
 * @param runningVar [C], required unless training. (tfjs: `variance`)
 * @param options.training use the batch's own mean and variance (over n); default false
 * @param options.epsilon default 1e-5. (tfjs: `varianceEpsilon`, 1e-3)
 */
export const batchNorm = defineOp('batchNorm', {
  inputs: ['x', 'gamma?', 'beta?', 'runningMean?', 'runningVar?'],
  attrs: { training: false, epsilon: 1e-5 },
  shape: ([x, gamma, beta, runningMean, runningVar], { training, epsilon }) => {
    check('batchNorm', x, epsilon, { gamma, beta, runningMean, runningVar })
    if (!training && (runningMean === undefined || runningVar === undefined)) {
      throw new ArgumentError('batchNorm', 'runningMean and runningVar unless training', 'nothing')
    }
    return x.shape
  },
  compose: ([x, gamma, beta, mean, variance], { training, epsilon }): Tensor => {
    if (!training) return batchNormInfer(x, mean as Tensor, variance as Tensor, gamma, beta, { epsilon })
    const [y, ...moments] = batchNormTrain(x, gamma, beta, { epsilon })
    for (const each of moments) each.dispose()
    return y as Tensor
  },
})
