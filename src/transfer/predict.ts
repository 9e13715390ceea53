import { noGrad, tidy } from '../engine/lifecycle.js'
import type { Precision } from '../engine/precision.js'
import { checkPrecision, withPrecision } from '../engine/withPrecision.js'
import type { Tensor } from '../engine/tensor.js'
import type { Model } from './options.js'
import { deviceOf, forward } from './place.js'
import { countOf, inOrder, take, type Rows } from './rows.js'

const BATCH = 1024

export interface PredictOptions {
  /** How products of matrices in the model are computed (see `withPrecision`). Default: `'float32'`. */
  precision?: Precision
}

/** `f` of all rows, batch by batch, on the model's device. */
async function collect(model: Model, x: Rows, f: (batch: Tensor) => Tensor): Promise<Float32Array> {
  const device = deviceOf(model)
  let out = new Float32Array(0)
  let at = 0
  const count = countOf(x)
  for (const indices of inOrder(count, BATCH)) {
    const value = tidy(() => noGrad(() => f(take(x, indices, device))))
    const part = await value.data()
    if (at === 0) out = new Float32Array((part.length / indices.length) * count)
    out.set(part, at)
    at += part.length
    value.dispose()
  }
  return out
}

/**
 * The model's outputs for all rows, [n · outputs] row by row, in evaluation mode and without a graph, on the device where
 * the model is; the rows may be elsewhere.
 */
export function predict(model: Model, x: Rows, { precision = 'float32' }: PredictOptions = {}): Promise<Float32Array> {
  checkPrecision('predict', precision)
  model.features.eval()
  model.head.eval()
  return collect(model, x, (batch) => forward(model, batch, precision).output)
}

/** As `predict`: the features of all rows, [n · width] row by row. */
export function extract(model: Model, x: Rows, { precision = 'float32' }: PredictOptions = {}): Promise<Float32Array> {
  checkPrecision('extract', precision)
  model.features.eval()
  return collect(model, x, (batch) => withPrecision(precision, () => model.features.call(batch)))
}
