/** What an op saves for its gradient, and how its rule is run. */
import { backpropagate, edgeOf, isGradEnabled, Node, withGrad, type Backward, type Saved } from './autograd.js'
import { ArgumentError } from './errors.js'
import type { AnySpec, GradientContext, InputNames } from './op.js'
import { scalar } from './scalar.js'
import { unscoped } from './scope.js'
import { Tensor } from './tensor.js'

/** What differentiation needs to know of an op. */
export interface Differentiable {
  name: string
  spec: AnySpec
  /** Per input, or all of them. */
  saveInputs: readonly boolean[] | true
  /** Their indices, or all of them. */
  saveOutputs: readonly number[] | true
  backward: Backward
}

export const isDifferentiable = (spec: AnySpec): boolean =>
  spec.gradient !== undefined || spec.fusedGradient !== undefined || spec.compose !== undefined

function save(tensor: Tensor | undefined, edge: Saved['edge']): Saved {
  return {
    storage: tensor?.storage?.retain(),
    shape: tensor?.shape ?? [],
    dtype: tensor?.dtype ?? 'float32',
    edge,
  }
}

export function nodeOf(op: Differentiable, inputs: (Tensor | undefined)[], needs: boolean[], attrs: object): Node {
  const edges = inputs.map((input, i) => (needs[i] && input ? edgeOf(input) : undefined))
  const saved = inputs.map((input, i) => {
    const wanted = op.saveInputs === true || op.saveInputs[i] === true
    return wanted || input === undefined
      ? save(input, edges[i])
      : { storage: undefined, shape: input.shape, dtype: input.dtype, edge: edges[i] }
  })
  const present = inputs.map((input) => input !== undefined)
  const node = new Node(op.name, edges, saved, [], op.backward)
  details.set(node, { attrs, needs, present })
  return node
}

export function saveOutputs({ saveOutputs: wanted }: Differentiable, outputs: (Tensor | undefined)[]): Saved[] {
  if (wanted === true) return outputs.map((output) => save(output, output?.edge))
  if (wanted.length === 0) return []
  return outputs.map((output, index) =>
    wanted.includes(index) ? save(output, output?.edge) : save(undefined, undefined),
  )
}

const details = new WeakMap<Node, { attrs: object; needs: boolean[]; present: boolean[] }>()

/** A saved value as a tensor; one that was not saved has its shape, and complains when read. */
function restore(saved: Saved, linked: boolean): Tensor {
  if (saved.storage === undefined) return unsaved(saved)
  return new Tensor(saved.storage.retain(), saved.shape, saved.dtype, linked ? saved.edge : undefined)
}

function unsaved(saved: Saved): Tensor {
  const tensor = unscoped(() => new Tensor(placeholder(), saved.shape, saved.dtype))
  tensor.storage = undefined
  return tensor
}
const placeholder = () => scalar(0).live('gradient')

export function backwardOf(op: Differentiable): Backward {
  const { spec } = op
  return (node, dys, createGraph) => {
    const { attrs, needs, present } = details.get(node) ?? { attrs: {}, needs: [], present: [] }
    const inputs = node.inputs.map((each, i) => (present[i] ? restore(each, createGraph) : undefined))
    const rule = createGraph ? spec.gradient : (spec.fusedGradient ?? spec.gradient)
    if (rule === undefined) return throughTwin(op, inputs, attrs, needs, dys)
    const outputs = node.outputs.map((each) => restore(each, createGraph))
    const context = { inputs, outputs, attrs, needs } as GradientContext<InputNames, object>
    return [...rule(context, ...(dys as Tensor[]))]
  }
}

/** Second order of a fused op, and first order where it has no rule: differentiate the composed twin. */
function throughTwin(
  op: Differentiable,
  inputs: (Tensor | undefined)[],
  attrs: object,
  needs: boolean[],
  dys: (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const createGraph = isGradEnabled()
  const { compose } = op.spec
  if (compose === undefined) throw new ArgumentError(op.name, 'an op that can be differentiated twice', 'this one')
  return withGrad(true, () => {
    const variables = inputs.map((input, i) => (needs[i] && input ? variable(input, createGraph) : input))
    const targets = variables.filter((_, i) => needs[i]) as Tensor[]
    const gradients = backpropagate(op.name, compose(variables as never, attrs), dys[0], targets, { createGraph })
    return needs.map((need) => (need ? gradients.shift() : undefined))
  })
}

/** With `createGraph` the value keeps its place in the graph; otherwise the twin's graph ends at a fresh leaf. */
function variable(input: Tensor, linked: boolean): Tensor {
  if (linked && input.edge !== undefined) return input
  const leaf = input.view(input.shape, undefined)
  leaf.requiresGrad = true
  return leaf
}
