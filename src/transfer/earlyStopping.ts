import type { StateDict } from '../nn/state.js'
import type { Model } from './options.js'

/** Plain numbers, so that a checkpoint can hold them. */
export interface EarlyStoppingState {
  best: number
  bestEpoch: number
  /** Epochs since the best one. */
  waited: number
}

/**
 * Remembers the model of the epoch with the lowest validation loss. Tensors are values: remembering one holds on to its
 * buffer, and the next step writes to a fresh one.
 */
export class EarlyStopping {
  state: EarlyStoppingState = { best: Infinity, bestEpoch: 0, waited: 0 }
  #best: { features: StateDict; head: StateDict } | undefined

  constructor(readonly patience: number) {}

  get exhausted(): boolean {
    return this.state.waited >= this.patience
  }

  /** Whether there is a best epoch at all. */
  get observed(): boolean {
    return this.state.best < Infinity
  }

  observe(epoch: number, loss: number, { features, head }: Model): void {
    if (!(loss < this.state.best)) {
      this.state = { ...this.state, waited: this.state.waited + 1 }
      return
    }
    this.state = { best: loss, bestEpoch: epoch, waited: 0 }
    this.#release()
    this.#best = { features: features.stateDict(), head: head.stateDict() }
  }

  /** The best model's state; undefined before the first `observe`. */
  get best(): { features: StateDict; head: StateDict } | undefined {
    return this.#best
  }
  set best(state: { features: StateDict; head: StateDict } | undefined) {
    this.#release()
    this.#best = state
  }

  /** Gives the model the values of its best epoch. */
  restore({ features, head }: Model): void {
    if (this.#best === undefined) return
    features.loadStateDict(this.#best.features)
    head.loadStateDict(this.#best.head)
    this.#release()
  }

  #release(): void {
    for (const part of Object.values(this.#best ?? {})) for (const tensor of Object.values(part)) tensor.dispose()
    this.#best = undefined
  }
}
