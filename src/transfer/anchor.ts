import type { Tensor } from '../engine/tensor.js'
import { add, mul, sub } from '../ops/arithmetic.js'
import { sum } from '../ops/reductions.js'
import { square } from '../ops/unary.js'

/** The starting point of a tuning, and the pull back to it: weight · Σ‖w − w₀‖². */
export class Anchor {
  readonly #held: [parameter: Tensor, start: Tensor][]

  constructor(
    parameters: readonly Tensor[],
    readonly weight: number,
  ) {
    // Tensors are values: a view keeps the old one when the optimiser writes a new one.
    this.#held = parameters.map((parameter) => [parameter, parameter.view(parameter.shape, undefined)])
  }

  loss(): Tensor | undefined {
    const terms = this.#held.map(([parameter, start]): Tensor => sum(square(sub(parameter, start))))
    return terms.length > 0
      ? mul(
          terms.reduce((a, b) => add(a, b)),
          this.weight,
        )
      : undefined
  }

  dispose(): void {
    for (const [, start] of this.#held) start.dispose()
  }
}
