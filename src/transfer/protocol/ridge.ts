import { ArgumentError } from '../../engine/errors.js'
import { cholesky, choleskySolve } from './cholesky.js'
import { Gram } from './gram.js'

/** `count` windows: flattened standardised inputs `x` [count, inputs] and labels `y` [count, horizon], row-major. */
export interface WindowBatch {
  x: Float32Array
  y: Float32Array
  count: number
}

/** Called whenever the windows are needed; they are read once, batch by batch, never all at once. */
export type WindowSource = () => Iterable<WindowBatch>

export interface RidgeOptions {
  train: WindowSource
  validation: WindowSource
  /** Values per flattened window: history × features. */
  inputs: number
  horizon: number
  /** Penalties to choose from, per window and squared standardised weight; default 10⁻⁵ … 10². */
  lambdas?: readonly number[]
}

export interface Ridge {
  inputs: number
  horizon: number
  /** [horizon, inputs] */
  weights: Float64Array
  /** [horizon] */
  intercept: Float64Array
  /** [horizon]: the penalty chosen for each lead. */
  lambda: Float64Array
}

const defaultLambdas = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100]

/**
 * Ridge regression, one per lead, in float64: w = (XᵀX + λnI)⁻¹ Xᵀy on centred data, so the intercept is not penalised
 * (Hoerl and Kennard 1970). λ is chosen per lead by the squared error on source validation. Labels should be standardised
 * values, which a penalty shrinks towards the mean. Residuals against persistence are the same linear family, but shrink
 * towards persistence: from Dongsi to Dingling at 24 h that made a weaker baseline (RMSE 62.8 against 61.7).
 *
 * @throws ArgumentError when a source gives no windows or values that are not finite
 */
export function fitRidge({ train, validation, inputs, horizon, lambdas = defaultLambdas }: RidgeOptions): Ridge {
  const fit = moments('train', train, inputs, horizon)
  const means = fit.means()
  const on = fit.about(means)
  const check = moments('validation', validation, inputs, horizon).about(means)
  const model = {
    inputs,
    horizon,
    weights: new Float64Array(horizon * inputs),
    intercept: new Float64Array(horizon),
    lambda: new Float64Array(horizon),
  }
  const best = new Float64Array(horizon).fill(Infinity)
  for (const lambda of lambdas) {
    const factor = cholesky(penalised(on, lambda * fit.rows), inputs)
    if (!factor) continue
    for (let k = 0; k < horizon; k++) {
      const weights = choleskySolve(factor, inputs, on.xy.subarray(k * inputs, (k + 1) * inputs))
      const error = squaredError(check, k, weights)
      if (!(error < best[k]!)) continue
      best[k] = error
      model.weights.set(weights, k * inputs)
      model.lambda[k] = lambda
      model.intercept[k] = means[inputs + 1 + k]! - weights.reduce((sum, w, i) => sum + w * means[i]!, 0)
    }
  }
  if (best.includes(Infinity)) throw new ArgumentError('fitRidge', 'a positive penalty', `[${lambdas.join(', ')}]`)
  return model
}

/** What the model says of `count` flattened windows x [count, inputs]: [count, horizon], in the units of its labels. */
export function predictRidge(
  { inputs, horizon, weights, intercept }: Ridge,
  x: Float32Array,
  count: number,
): Float64Array {
  const out = new Float64Array(count * horizon)
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < horizon; k++) {
      let sum = intercept[k]!
      for (let i = 0; i < inputs; i++) sum += weights[k * inputs + i]! * x[row * inputs + i]!
      out[row * horizon + k] = sum
    }
  }
  return out
}

/** Second moments about a common centre: X'ᵀX' (lower triangle), X'ᵀy' per lead, y'ᵀy' per lead. */
interface CentredMoments {
  inputs: number
  xx: Float64Array
  xy: Float64Array
  yy: Float64Array
}

function moments(name: string, source: WindowSource, inputs: number, horizon: number) {
  // Columns [x | 1 | y]: the column of ones makes the sums part of the same Gram matrix.
  const gram = new Gram(inputs + 1 + horizon)
  for (const { x, y, count } of source()) {
    const one = { values: new Float32Array(count).fill(1), width: 1 }
    gram.add([{ values: x, width: inputs }, one, { values: y, width: horizon }], count)
  }
  if (gram.rows === 0) throw new ArgumentError('fitRidge', `windows to ${name} on`, 'none')
  for (let i = 0; i < gram.width; i++) {
    if (!Number.isFinite(gram.at(i, i))) throw new ArgumentError('fitRidge', 'finite windows', `${gram.at(i, i)}`)
  }
  return {
    rows: gram.rows,
    means: () => Float64Array.from({ length: gram.width }, (_, i) => gram.at(i, inputs) / gram.rows),
    about: (centre: Float64Array) => centred(gram, centre, inputs, horizon),
  }
}

function centred(gram: Gram, centre: Float64Array, inputs: number, horizon: number): CentredMoments {
  const about = (i: number, j: number) =>
    gram.at(i, j) -
    centre[i]! * gram.at(j, inputs) -
    centre[j]! * gram.at(i, inputs) +
    gram.rows * centre[i]! * centre[j]!
  const xx = new Float64Array(inputs * inputs)
  for (let i = 0; i < inputs; i++) for (let j = 0; j <= i; j++) xx[i * inputs + j] = about(i, j)
  const label = (k: number) => inputs + 1 + k
  const xy = Float64Array.from({ length: horizon * inputs }, (_, at) =>
    about(label(Math.floor(at / inputs)), at % inputs),
  )
  return { inputs, xx, xy, yy: Float64Array.from({ length: horizon }, (_, k) => about(label(k), label(k))) }
}

function penalised({ xx, inputs }: CentredMoments, penalty: number): Float64Array {
  const matrix = xx.slice()
  for (let i = 0; i < inputs; i++) matrix[i * inputs + i]! += penalty
  return matrix
}

/** ‖y' − X'w‖² from the moments alone, so that no penalty needs another pass over the windows. */
function squaredError({ inputs, xx, xy, yy }: CentredMoments, lead: number, weights: Float64Array): number {
  let error = yy[lead]!
  for (let i = 0; i < inputs; i++) {
    let row = xx[i * inputs + i]! * weights[i]! - 2 * xy[lead * inputs + i]!
    for (let j = 0; j < i; j++) row += 2 * xx[i * inputs + j]! * weights[j]!
    error += weights[i]! * row
  }
  return error
}
