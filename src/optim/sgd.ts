import { ArgumentError } from '../engine/errors.js'
import { KernelTable } from '../engine/execute.js'
import type { Tensor } from '../engine/tensor.js'
import { atLeastZero, finite, trueOrFalse, type Group, type ParameterGroup } from './groups.js'
import { Optimizer } from './optimizer.js'

export interface SGDOptions {
  /** The learning rate, at least 0. */
  lr: number
  /** μ; default 0. */
  momentum?: number
  /** Nesterov's form; needs a momentum and no dampening. Default false. */
  nesterov?: boolean
  /** λ of the L2 penalty, added to the gradient; default 0. */
  weightDecay?: number
  /** τ: what share of a new gradient the momentum leaves out; default 0. */
  dampening?: number
}

const kernel = new KernelTable('sgd')

const rules = {
  defaults: { lr: NaN, momentum: 0, nesterov: false, weightDecay: 0, dampening: 0 },
  checks: {
    lr: atLeastZero,
    momentum: atLeastZero,
    nesterov: trueOrFalse,
    weightDecay: atLeastZero,
    dampening: finite,
  },
  slots: ['momentum'],
}

/**
 * Stochastic gradient descent, as torch.optim.SGD documents it: g ← g + λp; with momentum, b ← μb + (1 − τ)g (b ← g at
 * the first update) and g ← b, or g + μb in Nesterov's form (Sutskever et al. 2013); p ← p − lr·g.
 *
 * @throws ArgumentError, DTypeError for no or repeated parameters, integers, and options out of range
 */
export class SGD extends Optimizer<SGDOptions> {
  constructor(parameters: Iterable<Tensor> | Iterable<ParameterGroup<SGDOptions>>, options: SGDOptions) {
    super('SGD', parameters, options, rules)
  }

  protected override checkGroup({ nesterov, momentum, dampening }: Group<SGDOptions>): void {
    if (!nesterov || (momentum > 0 && dampening === 0)) return
    throw new ArgumentError(
      'SGD',
      'a momentum above 0 and no dampening with nesterov',
      `momentum ${momentum}, dampening ${dampening}`,
    )
  }

  protected override update(group: Group<SGDOptions>, parameters: readonly Tensor[]): void {
    const { lr, momentum, dampening, nesterov, weightDecay } = group
    const first = parameters.map((parameter) => (this.countStep(parameter) === 1 ? 1 : 0))
    const params = [lr, momentum, dampening, nesterov ? 1 : 0, weightDecay, ...first]
    this.runKernel(kernel, parameters, params, momentum > 0)
  }
}
