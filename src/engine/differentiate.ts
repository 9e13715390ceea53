/** What an op saves for its gradient, and how its rule is run. */
import { backpropagate } from './autograd.js'
import { ArgumentError } from './errors.js'
import { calledAs } from './execute.js'
import { edgeOf, isGradEnabled, Node, withGrad, type Backward, type Edge, type Saved } from './graph.js'
import type { AnySpec, GradientContext, InputNames } from './op.js'
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

const save = (tensor: Tensor, whole: boolean): Saved => ({
  storage: whole ? tensor.storage?.retain() : undefined,
  shape: tensor.shape,
  dtype: tensor.dtype,
})

/** `needs`: per input, whether it requires a gradient. */
export function nodeOf(op: Differentiable, inputs: (Tensor | undefined)[], needs: boolean[], attrs: object): Node {
  const { saveInputs: wanted } = op
  const edges = new Array<Edge | undefined>(inputs.length)
  const saved = new Array<Saved | undefined>(inputs.length)
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i]
    edges[i] = needs[i] && input ? edgeOf(input) : undefined
    saved[i] = input && save(input, wanted === true || wanted[i] === true)
  }
  return new Node(op.name, edges, op.backward, saved, attrs)
}

const ABSENT: Saved = { storage: undefined, shape: [], dtype: 'float32' }

/** What the gradient reads of an op's results. */
export function saveOutputs(op: Differentiable, outputs: (Tensor | undefined)[], attrs: object): Saved[] {
  const { saveOutputs: wanted, spec } = op
  if ((wanted !== true && wanted.length === 0) || spec.readsOutputs?.(attrs) === false) return []
  return outputs.map((output, i) => (output ? save(output, wanted === true || wanted.includes(i)) : ABSENT))
}

/** A saved value as a tensor; one that was not saved has its shape, and complains when read. */
function restore(saved: Saved, edge: Edge | undefined): Tensor {
  const { storage, shape, dtype } = saved
  return storage === undefined ? new Tensor(undefined, shape, dtype) : new Tensor(storage.retain(), shape, dtype, edge)
}

export function backwardOf(op: Differentiable): Backward {
  const { spec } = op
  const visible = spec.visible ?? 1
  return (node, dys, createGraph) => {
    const { attrs, edges } = node
    const needs = new Array<boolean>(edges.length)
    const inputs = new Array<Tensor | undefined>(edges.length)
    for (let i = 0; i < edges.length; i++) {
      const saved = node.inputs[i]
      needs[i] = edges[i] !== undefined
      inputs[i] = saved && restore(saved, createGraph ? edges[i] : undefined)
    }
    const rule = createGraph ? spec.gradient : (spec.fusedGradient ?? spec.gradient)
    if (rule === undefined) return throughTwin(op, inputs, attrs, needs, dys)
    const outputs = node.outputs.map((each, index) =>
      restore(each, createGraph && index < visible && each.dtype === 'float32' ? { node, index } : undefined),
    )
    const context = { inputs, outputs, attrs, needs } as GradientContext<InputNames, object>
    return rule(context, ...(dys as Tensor[]))
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
    const results = [calledAs(op.name, () => compose(variables as never, attrs))].flat()
    const wanted = [...results.keys()].filter((i) => dys[i] !== undefined && results[i]?.requiresGrad)
    const at = <T>(list: readonly T[]): T[] => wanted.map((i) => list[i] as T)
    const gradients = backpropagate(op.name, at(results), at(dys), targets, { createGraph })
    return needs.map((need) => (need ? gradients.shift() : undefined))
  })
}

/**
 * An input as the twin sees it: an end of its own, so that an input on which another depends does not receive the other's
 * share as well. With `createGraph` it stays linked to where the value came from.
 */
function variable(input: Tensor, linked: boolean): Tensor {
  if (linked && input.edge !== undefined) {
    const identity = new Node('identity', [input.edge], (_, [dy]) => [dy?.alias()])
    return input.view(input.shape, { node: identity, index: 0 })
  }
  const leaf = input.view(input.shape, undefined)
  leaf.requiresGrad = true
  return leaf
}
