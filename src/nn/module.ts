import { moveTo } from '../engine/copy.js'
import type { Device } from '../engine/native.js'
import { keep, scoped } from '../engine/scope.js'
import { isTensor, type Tensor } from '../engine/tensor.js'
import { isParameter, parameter } from './parameter.js'
import { loadState, type LoadedState, type StateDict } from './state.js'
import { isContainer, visitMembers, type Slot } from './visit.js'

/** A module whose inputs and outputs do not matter. */
export type AnyModule = Module<never[], unknown>

/**
 * A part of a model. A subclass assigns its tensors and submodules to properties (also inside arrays, maps and plain
 * objects) and defines `forward`; names are the paths of properties, joined by dots: `features.0.weight`.
 *
 * - A tensor made by `nn.parameter`, or a leaf with `requiresGrad`, is a parameter, frozen or not.
 * - Another tensor that no recorded op made is a buffer: state that is saved and not trained.
 * - A property whose name begins with `_` (a cache, say) lives on from call to call, but is not state. What is in
 *   `#private` fields is not seen at all: pass such tensors to `keep`.
 *
 * @typeParam In what `forward` takes; default: one tensor
 * @typeParam Out what `forward` returns; default: a tensor
 */
export abstract class Module<In extends readonly unknown[] = [x: Tensor], Out = Tensor> {
  /** Whether dropout drops and batch statistics are taken; see `train` and `eval`. Default true. */
  training = true

  /** The computation; see `call`. */
  abstract forward(...inputs: In): Out

  /**
   * `forward` within a `tidy` scope of its own: the tensors that it makes are released at once, except those that it
   * returns (as a tensor, or inside arrays, maps and plain objects), passes to `keep`, or assigns to properties.
   * Values that gradients need stay in the graph.
   *
   * @throws ArgumentError when `forward` returns a promise: await `forward` itself then
   */
  call(...inputs: In): Out {
    return calling(this, () => this.forward(...inputs))
  }

  /** The parameters, each once, frozen ones too. */
  parameters(): Tensor[] {
    return Object.values(this.namedParameters())
  }
  /** As `parameters`, by name. */
  namedParameters(): Record<string, Tensor> {
    return named(this, isParameter)
  }
  /** Tensors of the state that are not trained, such as running statistics. */
  buffers(): Tensor[] {
    return Object.values(this.namedBuffers())
  }
  /** As `buffers`, by name. */
  namedBuffers(): Record<string, Tensor> {
    return named(this, isBuffer)
  }

  /** The modules directly below this one. */
  children(): AnyModule[] {
    const children = new Set<AnyModule>()
    visitMembers(this, isModule, (each) => void (isModule(each) && children.add(each)))
    return [...children]
  }
  /** This module and all below it, each once. */
  modules(): AnyModule[] {
    const found: AnyModule[] = []
    everyModule(this, (module) => found.push(module))
    return found
  }
  /** As `modules`, by name; this one is `''`. */
  namedModules(): Record<string, AnyModule> {
    const found: Record<string, AnyModule> = {}
    everyModule(this, (module, name) => (found[name] = module))
    return found
  }

  /** Sets `training` here and below. */
  train(training = true): this {
    everyModule(this, (module) => (module.training = training))
    return this
  }
  /** `train(false)`: dropout passes everything, running statistics are used and left alone. */
  eval(): this {
    return this.train(false)
  }

  /** Gradients stop at the parameters (those whose name passes `which`); they stay parameters. */
  freeze(which: (name: string) => boolean = () => true): this {
    return this.#setRequiresGrad(which, false)
  }
  /** Gradients reach the parameters (those whose name passes `which`) again. */
  unfreeze(which: (name: string) => boolean = () => true): this {
    return this.#setRequiresGrad(which, true)
  }
  #setRequiresGrad(which: (name: string) => boolean, requiresGrad: boolean): this {
    for (const [name, each] of Object.entries(this.namedParameters())) {
      if (which(name)) parameter(each, { requiresGrad })
    }
    return this
  }

  /**
   * Moves parameters, buffers, caches and gradients to a device, all of them or none. They stay the same tensors:
   * optimisers made before go on with them, and move what they keep per parameter at their next step. A graph recorded
   * before belongs to the values where they were: call `backward` before moving.
   *
   * @throws DeviceError for a device that is not there
   */
  to(device: Device): this {
    const tensors: Tensor[] = []
    everyTensor(this, (tensor) => tensors.push(tensor))
    moveTo('to', tensors, device)
    return this
  }

  /** Parameters and buffers by name, as they are now: later steps do not change them. Costs no copy until then. */
  stateDict(): StateDict {
    const slots = Object.entries(named(this, isState))
    return Object.fromEntries(slots.map(([name, value]) => [name, value.view(value.shape, undefined)]))
  }

  /**
   * Gives parameters and buffers the values of `state`, which may be on another device: the module stays on its own.
   * Everything is checked before anything is changed.
   *
   * @param options.strict refuse names that are missing or unknown; default true
   * @returns the names that `state` lacks and those that this module lacks
   * @throws ArgumentError, ShapeError or DTypeError naming the tensors
   */
  loadStateDict(state: StateDict | ReadonlyMap<string, Tensor>, options: { strict?: boolean } = {}): LoadedState {
    return loadState(named(this, isState), state, options)
  }

  /** Releases all parameters, buffers and caches now. */
  dispose(): void {
    everyTensor(this, (tensor) => {
      tensor.grad?.dispose()
      tensor.dispose()
    })
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Runs `run` as a call of the module: see `Module.call`. */
export function calling<T>(module: AnyModule, run: () => T): T {
  return scoped(`${module.constructor.name}.call`, () => {
    try {
      return run()
    } finally {
      everyTensor(module, keep)
    }
  })
}

/** Whether a value is a module. */
export function isModule(value: unknown): value is AnyModule {
  try {
    return value instanceof Module
  } catch {
    return false // a revoked proxy
  }
}

const isBuffer = (tensor: Tensor): boolean => !isParameter(tensor) && tensor.edge === undefined
const isState = (tensor: Tensor): boolean => isParameter(tensor) || isBuffer(tensor)
const isHidden = (name: string): boolean => name.startsWith('_') || name.includes('._')

function everyModule(
  module: AnyModule,
  found: (module: AnyModule, name: string) => void,
  prefix = '',
  seen = new Set<AnyModule>(),
): void {
  if (seen.has(module)) return
  seen.add(module)
  found(module, prefix)
  visitMembers(module, isModule, (each, name) => {
    if (isModule(each)) everyModule(each, found, prefix ? `${prefix}.${name}` : name, seen)
  })
}

/** Caches included; a tensor that hangs in two places comes twice. Runs in every call: it makes no names. */
function everyTensor(holder: object, found: (tensor: Tensor) => void, seen = new Set<object>()): void {
  seen.add(holder)
  const values: Iterable<unknown> = holder instanceof Map ? holder.values() : Object.values(holder)
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    if (isTensor(value)) found(value)
    else if ((isModule(value) || isContainer(value)) && !seen.has(value)) everyTensor(value, found, seen)
  }
}

/** Every place that holds a tensor of the state. */
export function slotsOf(module: AnyModule): Slot[] {
  const slots: Slot[] = []
  everyModule(module, (each, prefix) => {
    visitMembers(each, isModule, (value, name, holder, key) => {
      const path = prefix ? `${prefix}.${name}` : name
      if (isTensor(value) && !isHidden(path)) slots.push({ name: path, value, holder, key })
    })
  })
  return slots
}

/** The tensors that pass, each once, under the first of its names. */
function named(module: AnyModule, passes: (tensor: Tensor) => boolean): Record<string, Tensor> {
  const seen = new Set<Tensor>()
  const found: Record<string, Tensor> = {}
  for (const { name, value } of slotsOf(module)) {
    if (seen.has(value) || !passes(value)) continue
    seen.add(value)
    found[name] = value
  }
  return found
}
