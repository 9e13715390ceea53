import { KernelTable } from '../engine/execute.js'
import type { Tensor } from '../engine/tensor.js'
import { atLeastZero, twoBetas, type Group, type ParameterGroup } from './groups.js'
import { Optimizer } from './optimizer.js'

export interface AdamOptions {
  /** The learning rate, at least 0; default 1e-3. */
  lr?: number
  /** Decay rates of the two moments; default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the root of the second moment; default 1e-8. */
  epsilon?: number
  /** λ; default 0 for Adam, 0.01 for AdamW. */
  weightDecay?: number
}

type Complete = Required<AdamOptions>

const kernel = new KernelTable('adam')

const rulesWith = (weightDecay: number) => ({
  defaults: { lr: 1e-3, betas: [0.9, 0.999] as const, epsilon: 1e-8, weightDecay },
  checks: { lr: atLeastZero, betas: twoBetas, epsilon: atLeastZero, weightDecay: atLeastZero },
  slots: ['firstMoment', 'secondMoment'],
})

/**
 * Adam (Kingma & Ba 2015), as torch.optim.Adam documents it: g ← g + λp; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
 * p ← p − lr·m̂ / (√v̂ + ε) with m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), where t counts the parameter's own updates.
 *
 * @throws ArgumentError, DTypeError for no or repeated parameters, integers, and options out of range
 */
export class Adam extends Optimizer<Complete> {
  readonly #decoupled: boolean

  constructor(parameters: Iterable<Tensor> | Iterable<ParameterGroup<AdamOptions>>, options: AdamOptions = {}) {
    super(new.target.name, parameters, options, rulesWith(new.target.defaultWeightDecay))
    this.#decoupled = new.target.decoupled
  }

  /** @internal What AdamW does otherwise. */
  protected static readonly defaultWeightDecay: number = 0
  /** @internal */
  protected static readonly decoupled: boolean = false

  protected override checkGroup(): void {
    // any options within their ranges go together
  }

  protected override update(group: Group<Complete>, parameters: readonly Tensor[]): void {
    const { lr, betas, epsilon, weightDecay } = group
    const [beta1, beta2] = betas
    const params = [lr, beta1, beta2, epsilon, weightDecay, this.#decoupled ? 1 : 0]
    for (const parameter of parameters) {
      const t = this.countStep(parameter)
      params.push(1 - beta1 ** t, 1 - beta2 ** t)
    }
    this.runKernel(kernel, parameters, params)
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW documents it: p ← p·(1 − lr·λ)
 * instead of adding λp to the gradient. `weightDecay` is 0.01 by default.
 */
export class AdamW extends Adam {
  protected static override readonly defaultWeightDecay: number = 0.01
  protected static override readonly decoupled: boolean = true
}
