import { describe, objectArgument } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'

/** Where a batch order stands; plain numbers, so that a checkpoint can hold it. */
export interface BatchState {
  readonly seed: number
  /** Passes over the data that are complete. */
  readonly epoch: number
  /** Samples of this pass that were given out. */
  readonly position: number
}

export interface BatchOptions {
  /** The number of samples. */
  count: number
  batchSize: number
  /** A non-negative safe integer. Default: 0. */
  seed?: number
  /** Leave out a last batch that is smaller than the others. Default: false. */
  dropLast?: boolean
}

/**
 * An endless order of batches: each epoch is a shuffle of 0 … count − 1 that depends on the seed and the number of the
 * epoch alone, so that a restored state goes on exactly where it was.
 */
export class BatchOrder {
  readonly count: number
  readonly batchSize: number
  readonly #dropLast: boolean
  #state: BatchState
  #order: Int32Array | undefined

  constructor(options: BatchOptions) {
    objectArgument('batches', 'an object of options', options)
    const { count, batchSize, seed = 0, dropLast = false } = options
    this.count = atLeast('count', count, 1)
    this.batchSize = atLeast('batchSize', batchSize, 1)
    this.#dropLast = dropLast && batchSize <= count
    this.#state = { seed: atLeast('seed', seed, 0), epoch: 0, position: 0 }
  }

  get batchesPerEpoch(): number {
    return this.#dropLast ? Math.floor(this.count / this.batchSize) : Math.ceil(this.count / this.batchSize)
  }

  get state(): BatchState {
    return { ...this.#state }
  }

  set state({ seed, epoch, position }: BatchState) {
    if (atLeast('position', position, 0) >= this.count)
      throw new ArgumentError('batches', `a position below ${this.count}`, String(position))
    this.#state = { seed: atLeast('seed', seed, 0), epoch: atLeast('epoch', epoch, 0), position }
    this.#order = undefined
  }

  /** The indices of the next batch; after the last batch of an epoch the next epoch starts. */
  next(): Int32Array {
    const { seed, epoch, position } = this.#state
    this.#order ??= permutation(this.count, seed, epoch)
    const batch = this.#order.slice(position, position + this.batchSize)
    const end = position + batch.length
    const left = this.count - end
    if (left === 0 || (this.#dropLast && left < this.batchSize)) this.#startEpoch(epoch + 1)
    else this.#state = { seed, epoch, position: end }
    return batch
  }

  /** The batches that are left of the current epoch. */
  *epoch(): Generator<Int32Array, void> {
    const { epoch } = this.#state
    while (this.#state.epoch === epoch) yield this.next()
  }

  #startEpoch(epoch: number): void {
    this.#state = { seed: this.#state.seed, epoch, position: 0 }
    this.#order = undefined
  }
}

/** A BatchOrder at its start, or at `state`. */
export function batches(options: BatchOptions, state?: BatchState): BatchOrder {
  const order = new BatchOrder(options)
  if (state) order.state = state
  return order
}

/** A uniformly random order of 0 … count − 1 (Fisher–Yates), the same for the same seed and epoch. */
export function permutation(count: number, seed: number, epoch: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  const key = mix(mix(mix(seed >>> 0) ^ Math.floor(seed / 2 ** 32)) ^ epoch)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((mix(key + Math.imul(i, GOLDEN)) / 2 ** 32) * (i + 1))
    const swapped = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = swapped
  }
  return order
}

const GOLDEN = 0x9e3779b9

/** The 32-bit output function of SplitMix (constants of MurmurHash3's finaliser), 0 … 2³² − 1. */
function mix(counter: number): number {
  let z = (counter + GOLDEN) | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return (z ^ (z >>> 16)) >>> 0
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new ArgumentError('batches', `${name} to be an integer of at least ${least}`, describe(value))
}
