import { describe } from '../engine/arguments.js'
import { takeFailure } from '../engine/autograd.js'
import { moveTo } from '../engine/copy.js'
import { DeviceError, ShapeError } from '../engine/errors.js'
import type { KernelTable } from '../engine/execute.js'
import { updateInPlace, type UpdatingOutput } from '../engine/inPlace.js'
import { unscoped } from '../engine/scope.js'
import type { Tensor } from '../engine/tensor.js'
import { sameShape } from '../ops/broadcast.js'
import { zeros } from '../ops/creation.js'
import { checkOptions, makeGroups, merge, type Checks, type Group, type ParameterGroup } from './groups.js'
import { checkMeta, checkSlots, type OptimizerState } from './state.js'

/**
 * Parameters per native call. A call is described in 131,072 numbers (native/binding/environment.h), and Adam's part of
 * it takes 20 + 7·rank per parameter: at most 76, so that 1,024 parameters always fit.
 */
export const PARAMETERS_PER_CALL = 1024

/** What is kept per parameter. */
interface Memory {
  steps: number
  /** By slot; absent before the first update. */
  tensors: (Tensor | undefined)[]
}

export interface LearningRate {
  lr: number
}

const zerosLike = ({ shape, device }: Tensor): Tensor => unscoped(() => zeros(shape, { device }))

/** What all optimisers share: groups of parameters, and values kept per parameter, on the parameter's device. */
export abstract class Optimizer<O extends LearningRate = LearningRate> {
  /** Parameters and options; `group.lr` and the others may be changed between steps. */
  readonly groups: readonly Group<O>[]
  readonly #name: string
  readonly #checks: Checks<Required<O>>
  readonly #slots: readonly string[]
  readonly #memory = new Map<Tensor, Memory>()

  protected constructor(
    name: string,
    parameters: Iterable<Tensor> | Iterable<ParameterGroup<O>>,
    options: object,
    rules: { defaults: Required<O>; checks: Checks<Required<O>>; slots: readonly string[] },
  ) {
    const defaults = merge(name, rules.defaults, options, rules.checks)
    this.groups = makeGroups<O>(name, parameters, defaults, rules.checks)
    this.#name = name
    this.#checks = rules.checks
    this.#slots = rules.slots
    for (const group of this.groups) this.checkGroup(group)
  }

  /** All parameters, group after group. */
  get parameters(): Tensor[] {
    return this.groups.flatMap((group) => group.parameters)
  }

  /** Releases the gradients of all parameters; `backward` starts anew. */
  zeroGrad(): void {
    for (const { parameters } of this.groups) {
      for (const parameter of parameters) {
        parameter.grad?.dispose()
        parameter.grad = undefined
      }
    }
  }

  /**
   * Updates every parameter that has a gradient, in place where nobody else holds its value: results computed before
   * the step still differentiate at the old one.
   *
   * @throws KernelError when a kernel failed before and nobody read its result
   */
  step(): void {
    takeFailure()
    for (const group of this.groups) {
      checkOptions(this.#name, group, this.#checks)
      this.checkGroup(group)
      const active = group.parameters.filter((parameter) => parameter.grad !== undefined)
      for (const parameter of active) this.#checkGradient(parameter)
      for (let at = 0; at < active.length; at += PARAMETERS_PER_CALL) {
        this.update(group, active.slice(at, at + PARAMETERS_PER_CALL))
      }
    }
  }

  /** Values that survive as a copy: later steps do not change them. The tensors belong to the caller. */
  stateDict(): OptimizerState {
    const tensors: Record<string, Tensor> = {}
    this.parameters.forEach((parameter, i) => {
      this.#slots.forEach((slot, k) => {
        const value = this.#memory.get(parameter)?.tensors[k]
        if (value !== undefined) tensors[`${slot}.${i}`] = value.alias()
      })
    })
    const groups = this.groups.map(({ parameters, ...options }) => ({ options, parameters: parameters.length }))
    const steps = this.parameters.map((parameter) => this.#memory.get(parameter)?.steps ?? 0)
    return { tensors, meta: { optimizer: this.#name, groups, steps } }
  }

  /**
   * Continues from `stateDict` of an optimiser of the same kind over parameters of the same shapes, in the same groups;
   * on whichever device they are.
   *
   * @throws ArgumentError, ShapeError when kinds, groups or shapes differ; nothing is changed then
   */
  loadStateDict({ tensors, meta }: OptimizerState): void {
    checkMeta(this.#name, meta, this.groups)
    const { parameters } = this
    const loaded = parameters.map((_, i) => this.#slots.map((slot) => tensors[`${slot}.${i}`]))
    parameters.forEach((parameter, i) => checkSlots(this.#name, parameter, i, loaded[i] ?? []))
    const options = meta.groups.map((saved) => merge(this.#name, {} as Required<O>, saved.options, this.#checks))
    this.dispose()
    this.groups.forEach((group, i) => Object.assign(group, options[i]))
    parameters.forEach((parameter, i) => {
      const own = unscoped(() => (loaded[i] ?? []).map((value) => value?.view(value.shape, undefined)))
      this.#memory.set(parameter, { steps: meta.steps[i] ?? 0, tensors: own })
    })
  }

  /** Releases what is kept per parameter, not the parameters. The optimiser starts anew if it is used again. */
  dispose(): void {
    for (const { tensors } of this.#memory.values()) for (const each of tensors) each?.dispose()
    this.#memory.clear()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Rules between a group's options. */
  protected abstract checkGroup(group: Group<O>): void

  /** One native call for some parameters with gradients. */
  protected abstract update(group: Group<O>, parameters: readonly Tensor[]): void

  /** How many updates the parameter has had, this one included. */
  protected countStep(parameter: Tensor): number {
    return ++this.#memoryOf(parameter).steps
  }

  /**
   * Runs a kernel on [p, gradient, …slots] per parameter, which writes [p, …slots]. Slots begin as zeros, of a call of
   * their own: a step that fails leaves them as they were, and later ones go on. Absent unless `keepSlots`.
   */
  protected runKernel(
    table: KernelTable,
    parameters: readonly Tensor[],
    params: readonly number[],
    keepSlots = true,
  ): void {
    const inputs: (Tensor | undefined)[] = []
    const outputs: UpdatingOutput[] = []
    for (const parameter of parameters) {
      const slots = this.#memoryOf(parameter).tensors
      outputs.push({ update: inputs.length })
      inputs.push(parameter, parameter.grad)
      for (let k = 0; k < slots.length; k++) {
        const slot = keepSlots ? (slots[k] ??= zerosLike(parameter)) : slots[k]
        if (slot !== undefined && slot.device !== parameter.device) moveTo(this.#name, [slot], parameter.device)
        outputs.push(keepSlots ? { update: inputs.length } : null)
        inputs.push(slot)
      }
    }
    updateInPlace(table, inputs, outputs, params)
  }

  #memoryOf(parameter: Tensor): Memory {
    const found = this.#memory.get(parameter)
    if (found !== undefined) return found
    const made = { steps: 0, tensors: this.#slots.map(() => undefined) }
    this.#memory.set(parameter, made)
    return made
  }

  #checkGradient(parameter: Tensor): void {
    const { grad, shape } = parameter
    if (grad === undefined) return
    if (grad.device !== parameter.device) {
      throw new DeviceError(this.#name, `a gradient on ${parameter.device}, where its parameter is`, grad.device)
    }
    if (grad.dtype === 'float32' && sameShape(grad.shape, shape)) return
    throw new ShapeError(this.#name, `a float32 gradient of shape [${shape.join(', ')}]`, describe(grad))
  }
}
