import { checkDTypes, checkLive, describe, entriesOf, flatten, parseArguments, type Signature } from './arguments.js'
import { backwardOf, isDifferentiable, nodeOf, saveOutputs, type Differentiable } from './differentiate.js'
import { ArgumentError, within } from './errors.js'
import { calledAs, execute, KernelTable, type OutputSpec } from './execute.js'
import { isGradEnabled, type Node } from './graph.js'
import { checkParams, ownShape } from './results.js'
import type { DType } from './native.js'
import type { Storage } from './storage.js'
import { Tensor, type Shape } from './tensor.js'

export type { OutputSpec } from './execute.js'

/** What an op accepts where a tensor belongs: numbers become scalars of the other operands' dtype. */
export type TensorLike = Tensor | number

/** Names of an op's inputs; a name that ends in `?` may be left out. `'list'`: one array of any number of tensors. */
export type InputNames = readonly string[] | 'list'

type ByName<N extends InputNames, Value> = N extends readonly string[]
  ? { [K in keyof N]: N[K] extends `${string}?` ? Value | undefined : Value }
  : readonly Value[]

/** What a gradient rule sees. Inputs and outputs can be read as far as `save` names them; shapes always. */
export interface GradientContext<N extends InputNames, A> {
  inputs: ByName<N, Tensor>
  outputs: readonly Tensor[]
  attrs: A
  /** Per input: whether its gradient is wanted. */
  needs: readonly boolean[]
}

/** One gradient per input; undefined where none is needed. Rules that call their own op name this as their result. */
export type Gradients = readonly (Tensor | undefined)[]

export type GradientRule<N extends InputNames, A> = (ctx: GradientContext<N, A>, ...dys: Tensor[]) => Gradients

export interface OpSpec<N extends InputNames, A, In extends DType, Out extends DType, V extends number> {
  /** Default `['x']`. */
  inputs?: N
  /** The options and their defaults; option types are inferred from them. */
  attrs?: A
  /** The dtypes that inputs may have (once `prepare` has run); default float32 alone. The shape rule checks the rest. */
  accepts?: readonly In[]
  /** The dtype of the result; default: that of the first input. */
  dtype?: Out
  /** Changes the inputs before anything else, for example to a common dtype. Must be differentiable. */
  prepare?: (inputs: (Tensor | undefined)[], attrs: A) => (Tensor | undefined)[]
  /**
   * Checks shapes and options and gives the shape of the result: a shape, a shape with a dtype, or a list of those for
   * several outputs (null: not wanted this time; see `needs`). Throws `ShapeError` or `ArgumentError`.
   */
  shape: (
    inputs: ByName<N, Tensor>,
    attrs: A,
    needs: readonly boolean[],
  ) => Shape | OutputSpec | readonly (OutputSpec | null)[]
  /** How many of the outputs the caller receives; the others are for the gradient. Default 1. */
  visible?: V
  /** The kernel's name; default the op's, or none where `compose` stands without `fusedGradient`. */
  kernel?: string
  /** The numbers that the kernel receives; default: the options, flattened in declared order. */
  params?: (inputs: ByName<N, Tensor>, attrs: A) => readonly number[]
  /**
   * The op made of other ops: its only implementation, or the twin of a fused kernel that gives second order. As many
   * results as are visible.
   */
  compose?: (inputs: ByName<N, Tensor>, attrs: A) => Tensor | readonly Tensor[]
  /** What the gradient reads: inputs by name, `'outputs'` or single ones as `'outputs[1]'`. Default: all inputs. */
  save?: readonly string[]
  /** Whether the gradient reads the outputs that `save` names, with these options; default: always. */
  readsOutputs?: (attrs: A) => boolean
  /** Gradients of the inputs, from those of the visible outputs; made of differentiable ops. */
  gradient?: GradientRule<N, A>
  /** A faster rule that cannot be differentiated again; used unless `createGraph`. */
  fusedGradient?: GradientRule<N, A>
}

type Arguments<N extends InputNames, A> = N extends readonly string[]
  ? Positional<N, A>
  : [tensors: readonly TensorLike[], options?: Partial<A>]

type Positional<N extends readonly string[], A> = N extends readonly [
  infer First,
  ...infer Rest extends readonly string[],
]
  ? First extends `${string}?`
    ? [TensorLike?, ...Positional<Rest, A>] | [Partial<A>?]
    : [TensorLike, ...Positional<Rest, A>]
  : [options?: Partial<A>]

export interface Op<N extends InputNames, A, Out extends DType, V extends number> {
  (...args: Arguments<N, A>): V extends 1 ? Tensor<Out> : Tensor<Out>[]
  readonly opName: string
}

/** A registered op as tools see it, types aside. */
export interface AnyOp {
  readonly opName: string
  readonly kernelName: string | undefined
  readonly differentiable: boolean
  /** The composed twin of a fused kernel. */
  readonly compose: AnySpec['compose']
}

const registered = new Map<string, AnyOp>()
/** Every op that `defineOp` made in this process, by name. */
export const definedOps: ReadonlyMap<string, AnyOp> = registered

/** A spec whose types do not matter any more. */
export type AnySpec = OpSpec<InputNames, object, DType, DType, number>

/** The spec with everything that is decided once. */
interface Ready extends Signature, Differentiable {
  kernels: KernelTable | undefined
  /** How many of the outputs the caller receives. */
  visible: number
  differentiable: boolean
  /** What the kernel receives where no option was given and the op has no rule for it; made at the first such call. */
  defaults: readonly number[] | undefined
}

/**
 * Makes an op from a shape rule, a kernel or a composition, and a gradient. Built-in ops are made the same way.
 *
 * @param name unique; also the kernel's name unless `kernel` says otherwise
 * @throws ArgumentError when the name is taken
 */
export function defineOp<
  const N extends InputNames = readonly ['x'],
  A extends object = Record<never, never>,
  In extends DType = 'float32',
  Out extends DType = In,
  V extends number = 1,
>(name: string, spec: OpSpec<N, A, In, Out, V>): Op<N, A, Out, V> {
  if (typeof name !== 'string' || name === '') throw new ArgumentError('defineOp', 'a name', describe(name))
  entriesOf('defineOp', spec) // refuses what is no object
  if (typeof spec.shape !== 'function') throw new ArgumentError('defineOp', 'a function as shape', describe(spec.shape))
  if (registered.has(name)) throw new ArgumentError('defineOp', 'a new name', `"${name}", which exists already`)
  const ready = prepareSpec(name, spec as AnySpec)
  registered.set(name, {
    opName: name,
    kernelName: ready.kernels?.name,
    differentiable: ready.differentiable,
    compose: ready.spec.compose,
  })
  const call = (...args: Arguments<N, A>) => apply(ready, args) as V extends 1 ? Tensor<Out> : Tensor<Out>[]
  return Object.assign(call, { opName: name })
}

function prepareSpec(name: string, spec: AnySpec): Ready {
  const names = spec.inputs === 'list' ? undefined : (spec.inputs ?? ['x'])
  const saved = spec.save ?? []
  const savedOutputs = saved.flatMap((each) => /^outputs\[(\d+)\]$/.exec(each)?.slice(1).map(Number) ?? [])
  const composedOnly = spec.compose !== undefined && spec.kernel === undefined && spec.fusedGradient === undefined
  const ready: Ready = {
    name,
    names: names?.map((each) => each.replace('?', '')),
    required: names?.filter((each) => !each.endsWith('?')).length ?? 0,
    attrs: (spec.attrs ?? {}) as Record<string, unknown>,
    accepts: new Set(spec.accepts ?? ['float32']),
    spec,
    kernels: composedOnly ? undefined : new KernelTable(spec.kernel ?? name, name),
    saveInputs: true,
    saveOutputs: saved.includes('outputs') || savedOutputs,
    backward: () => [],
    visible: spec.visible ?? 1,
    differentiable: isDifferentiable(spec),
    defaults: undefined,
  }
  if (spec.save !== undefined && ready.names !== undefined) {
    ready.saveInputs = ready.names.map((each) => spec.save?.includes(each) ?? false)
  } else if (spec.save !== undefined) {
    ready.saveInputs = spec.save.includes('list') ? true : []
  }
  ready.backward = backwardOf(ready)
  return ready
}

function apply(ready: Ready, args: unknown[]): Tensor | Tensor[] {
  const { inputs: given, attrs } = parseArguments(ready, args)
  const { spec, name, visible } = ready
  checkLive(ready, given)
  const inputs = spec.prepare ? prepared(ready, given, attrs) : given
  checkDTypes(ready, inputs)
  const needs = needsOf(inputs)
  const dtype = spec.dtype ?? inputs[0]?.dtype ?? 'float32'
  const outputs = normalise(name, spec.shape(inputs as never, attrs, needs), dtype)
  if (ready.kernels === undefined) return composed(ready, inputs, attrs)
  const storages = execute(ready.kernels, inputs, outputs, paramsOf(ready, inputs, attrs))
  const node = ready.differentiable && needs.includes(true) ? nodeOf(ready, inputs, needs, attrs) : undefined
  const tensors = new Array<Tensor | undefined>(outputs.length)
  for (let index = 0; index < outputs.length; index++) {
    tensors[index] = tensorOf(storages[index], outputs[index], index < visible ? node : undefined, index)
  }
  if (node !== undefined) node.outputs = saveOutputs(ready, tensors, attrs)
  for (let index = visible; index < tensors.length; index++) tensors[index]?.dispose()
  return visible === 1 ? (tensors[0] as Tensor) : (tensors.slice(0, visible) as Tensor[])
}

// In functions of their own: a closure in `apply` would make every op allocate its variables.

const prepared = ({ name, spec }: Ready, given: (Tensor | undefined)[], attrs: object): (Tensor | undefined)[] =>
  within(name, () => spec.prepare?.(given, attrs) ?? given)

const composed = ({ name, spec }: Ready, inputs: (Tensor | undefined)[], attrs: object): Tensor =>
  within(name, () => calledAs(name, () => spec.compose?.(inputs as never, attrs) as Tensor))

function needsOf(inputs: (Tensor | undefined)[]): boolean[] {
  const grad = isGradEnabled()
  const needs = new Array<boolean>(inputs.length)
  for (let i = 0; i < inputs.length; i++) needs[i] = grad && (inputs[i]?.requiresGrad ?? false)
  return needs
}

function paramsOf(ready: Ready, inputs: (Tensor | undefined)[], attrs: object): readonly number[] {
  const { spec, name } = ready
  if (spec.params === undefined && attrs === ready.attrs) return (ready.defaults ??= flatten(name, attrs))
  const params = spec.params ? spec.params(inputs as never, attrs) : flatten(name, attrs)
  checkParams(name, params)
  return params
}

function tensorOf(
  storage: Storage | undefined,
  output: Required<OutputSpec> | null | undefined,
  node: Node | undefined,
  index: number,
): Tensor | undefined {
  if (storage === undefined || output == null) return undefined
  const edge = node !== undefined && output.dtype === 'float32' ? { node, index } : undefined
  return new Tensor(storage, output.shape, output.dtype, edge)
}

type Result = Shape | OutputSpec | readonly (OutputSpec | null)[]

/** What a shape rule gave, as a list of outputs. Tensors freeze their shapes; the rule may go on using its own. */
function normalise(op: string, result: Result, dtype: DType): (Required<OutputSpec> | null)[] {
  if (!Array.isArray(result)) {
    if (!isSpec(result)) throw new ArgumentError(op, 'a shape from its shape rule', describe(result))
    return [withDtype(op, result, dtype)]
  }
  const list: readonly (number | OutputSpec | null)[] = result
  if (!list.some(isObject)) return [{ shape: ownShape(op, list), dtype }]
  return (list as (OutputSpec | null)[]).map((each) => each && withDtype(op, each, dtype))
}

const withDtype = (op: string, output: OutputSpec, dtype: DType): Required<OutputSpec> => ({
  shape: ownShape(op, output.shape),
  dtype: output.dtype ?? dtype,
})

const isObject = (each: unknown): boolean => typeof each === 'object'
const isSpec = (result: unknown): result is OutputSpec =>
  typeof result === 'object' && result !== null && 'shape' in result
