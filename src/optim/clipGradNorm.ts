import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { execute, KernelTable } from '../engine/execute.js'
import { updateInPlace } from '../engine/inPlace.js'
import { ownShape } from '../engine/results.js'
import type { Storage } from '../engine/storage.js'
import { Tensor } from '../engine/tensor.js'
import { zeros } from '../ops/creation.js'
import { listParameters } from './groups.js'
import { PARAMETERS_PER_CALL } from './optimizer.js'

const normKernel = new KernelTable('gradientNorm')
const scaleKernel = new KernelTable('gradientScale')

/**
 * Scales all gradients by min(1, maxNorm/(norm + 1e-6)), where norm is the Euclidean norm of all of them taken as one
 * vector (torch.nn.utils.clip_grad_norm_). Nothing is read back: the stream goes on. Where the norm is NaN or infinite,
 * gradients become NaN or 0 and NaN, as there.
 *
 * @param parameters tensors; those without a gradient are skipped
 * @param maxNorm at least 0
 * @returns the norm before scaling, a scalar
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor<'float32'> {
  if (typeof maxNorm !== 'number' || !(maxNorm >= 0)) {
    throw new ArgumentError('clipGradNorm', 'a number of at least 0 as maxNorm', describe(maxNorm))
  }
  const list = listParameters('clipGradNorm', parameters)
  const gradients = list.flatMap(({ grad }) => grad ?? [])
  if (gradients.length === 0) return zeros([], { device: list[0]?.device })
  const batches: Tensor[][] = []
  for (let at = 0; at < gradients.length; at += PARAMETERS_PER_CALL) {
    batches.push(gradients.slice(at, at + PARAMETERS_PER_CALL))
  }
  const norm = normOf(batches)
  for (const batch of batches) {
    updateInPlace(
      scaleKernel,
      [norm, ...batch],
      batch.map((_, i) => ({ update: 1 + i })),
      [maxNorm],
    )
  }
  return norm
}

/** The norm of all batches: each call starts from the norm of those before. */
function normOf(batches: Tensor[][]): Tensor<'float32'> {
  let norm: Tensor<'float32'> | undefined
  for (const batch of batches) {
    const [storage] = execute(normKernel, [norm, ...batch], [{ shape: [], dtype: 'float32' }], [])
    norm?.dispose()
    norm = new Tensor(storage as Storage, ownShape('clipGradNorm', []), 'float32')
  }
  return norm as Tensor<'float32'>
}
