import { noGrad, tidy } from '../engine/lifecycle.js'
import type { Tensor } from '../engine/tensor.js'
import type { Model } from './options.js'
import { countOf, inOrder, take, type Rows } from './rows.js'

const BATCH = 1024

async function collect(x: Rows, f: (batch: Tensor) => Tensor): Promise<Float32Array> {
  let out = new Float32Array(0)
  let at = 0
  const count = countOf(x)
  for (const indices of inOrder(count, BATCH)) {
    const value = tidy(() => noGrad(() => f(take(x, indices))))
    const part = await value.data()
    if (at === 0) out = new Float32Array((part.length / indices.length) * count)
    out.set(part, at)
    at += part.length
    value.dispose()
  }
  return out
}

/** The model's outputs for all rows, [n · outputs] row by row, in evaluation mode and without a graph. */
export function predict(model: Model, x: Rows): Promise<Float32Array> {
  model.features.eval()
  model.head.eval()
  return collect(x, (batch) => model.head.call(model.features.call(batch)))
}

/** The features of all rows, [n · width] row by row, in evaluation mode and without a graph. */
export function extract(model: Model, x: Rows): Promise<Float32Array> {
  model.features.eval()
  return collect(x, (batch) => model.features.call(batch))
}
