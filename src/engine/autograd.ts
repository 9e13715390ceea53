import { describe } from './describe.js'
import { ArgumentError, DeviceError, DTypeError, KernelError, ShapeError } from './errors.js'
import { edgeOf, leadingTo, reachable, withGrad, type Edge, type Node } from './graph.js'
import { native } from './native.js'
import { currentPrecision, usePrecision } from './precision.js'
import { scalar } from './scalar.js'
import { keep, scoped, unscoped } from './scope.js'
import { isTensor, type Tensor } from './tensor.js'

/** Throws the failure of a kernel that nobody has read yet, once. */
export function takeFailure(): void {
  const failure = native.takeFailure()
  if (failure !== undefined) throw new KernelError(failure)
}

/** The differentiable addition; set by the arithmetic ops, which this module cannot import without a cycle. */
export const accumulation: { add: (a: Tensor, b: Tensor) => Tensor } = {
  add: () => {
    throw new Error('accumulation.add is not set')
  },
}

/** Gradients on their way, each slot with a tensor of its own, so that releasing one never touches another. */
class Pending {
  #ofNode = new Map<Node, (Tensor | undefined)[]>()
  #ofLeaf = new Map<Tensor, Tensor>()

  add(edge: Edge, gradient: Tensor): void {
    if (edge.leaf !== undefined) {
      this.#ofLeaf.set(edge.leaf, sum(this.#ofLeaf.get(edge.leaf), gradient))
      return
    }
    const slots = this.#ofNode.get(edge.node)
    if (slots !== undefined) slots[edge.index] = sum(slots[edge.index], gradient)
    else this.#ofNode.set(edge.node, only(edge.index, gradient.alias()))
  }
  peek(edge: Edge): Tensor | undefined {
    return edge.leaf !== undefined ? this.#ofLeaf.get(edge.leaf) : this.#ofNode.get(edge.node)?.[edge.index]
  }
  take(node: Node): (Tensor | undefined)[] | undefined {
    const slots = this.#ofNode.get(node)
    this.#ofNode.delete(node)
    return slots
  }
  leaves(): ReadonlyMap<Tensor, Tensor> {
    return this.#ofLeaf
  }
  dispose(): void {
    for (const gradient of this.#ofLeaf.values()) gradient.dispose()
    for (const slots of this.#ofNode.values()) for (const gradient of slots) gradient?.dispose()
  }
}

/** A list that has one element. */
function only(index: number, gradient: Tensor): (Tensor | undefined)[] {
  if (index === 0) return [gradient]
  const slots = new Array<Tensor | undefined>(index + 1).fill(undefined)
  slots[index] = gradient
  return slots
}

function sum(held: Tensor | undefined, gradient: Tensor): Tensor {
  if (held === undefined) return gradient.alias()
  const total = accumulation.add(held, gradient)
  held.dispose()
  return total
}

function initialGradient(op: string, output: Tensor, given: Tensor | undefined): Tensor {
  output.live(op)
  if (given !== undefined) {
    if (!isTensor(given)) throw new ArgumentError(op, 'a tensor as gradient', describe(given))
    given.live(op)
    if (given.shape.join() !== output.shape.join()) {
      throw new ShapeError(op, `a gradient of shape [${output.shape.join(', ')}]`, `[${given.shape.join(', ')}]`)
    }
    if (given.dtype !== 'float32') throw new DTypeError(op, 'a gradient of dtype float32', given.dtype)
    if (given.device !== output.device) {
      throw new DeviceError(op, `a gradient on ${output.device}`, given.device)
    }
    return given.alias()
  }
  if (output.size !== 1) {
    throw new ShapeError(op, 'a scalar, or a gradient for its result', `shape [${output.shape.join(', ')}]`)
  }
  return scalar(1, output).view(output.shape, undefined)
}

export interface BackpropagateOptions {
  retainGraph?: boolean
  createGraph?: boolean
}

/**
 * Reverse-mode differentiation: visits the nodes newest first and hands each one's output gradients to its inputs.
 * With `targets` the gradients of those tensors are returned; otherwise they are added to the leaves' `grad`.
 *
 * @param gradients of the outputs; one that is missing is 1
 */
export function backpropagate(
  op: string,
  outputs: readonly Tensor[],
  gradients: readonly (Tensor | undefined)[],
  targets: readonly Tensor[] | undefined,
  { createGraph = false, retainGraph = createGraph }: BackpropagateOptions,
): (Tensor | undefined)[] {
  const roots = outputs.map((output) => rootOf(op, output))
  const goals = targets?.map((target) => goalOf(op, target))
  const precision = currentPrecision()
  const run = () =>
    unscoped(() => {
      const pending = new Pending()
      roots.forEach((root, i) => {
        const first = initialGradient(op, outputs[i] as Tensor, gradients[i])
        pending.add(root, first)
        first.dispose()
      })
      const visit = { op, nodes: reachable(roots), pending, createGraph, retainGraph }
      return goals === undefined ? intoLeaves(visit) : ofGoals(visit, goals)
    })
  try {
    return withGrad(createGraph, run).map((result) => result && adopt(result))
  } finally {
    usePrecision(precision)
  }
}

function rootOf(op: string, output: Tensor): Edge {
  const edge = edgeOf(output)
  if (edge !== undefined) return edge
  throw new ArgumentError(op, 'a result that depends on a tensor with requiresGrad', 'one that does not')
}

function goalOf(op: string, target: Tensor): Edge {
  const edge = edgeOf(target)
  if (edge === undefined) throw new ArgumentError(op, 'inputs with requiresGrad', 'one without')
  return edge
}

interface Visit {
  op: string
  /** Newest first. */
  nodes: Node[]
  pending: Pending
  createGraph: boolean
  retainGraph: boolean
}

/** Hands on what has arrived at a node, unless it leads nowhere. */
function pass(visit: Visit, node: Node, leads: boolean): void {
  const dys = visit.pending.take(node)
  if (dys !== undefined && leads) step(visit, node, dys)
  dys?.forEach(drop)
  if (!visit.retainGraph) node.free()
}

function intoLeaves(visit: Visit): [] {
  for (const node of visit.nodes) pass(visit, node, true)
  visit.pending.leaves().forEach((total, leaf) => addToLeaf(leaf, total))
  return []
}

function ofGoals(visit: Visit, goals: readonly Edge[]): (Tensor | undefined)[] {
  const { nodes, pending } = visit
  const leading = leadingTo(nodes, goals)
  const inner = new Map<Node, Edge[]>()
  for (const goal of goals) {
    if (goal.node !== undefined) inner.set(goal.node, [...(inner.get(goal.node) ?? []), goal])
  }
  const found = new Map<Edge, Tensor>()
  for (const node of nodes) {
    // All that a node will ever receive has arrived when its turn comes.
    for (const goal of inner.get(node) ?? []) {
      const gradient = pending.peek(goal)
      if (gradient !== undefined) found.set(goal, gradient.alias())
    }
    pass(visit, node, leading.has(node))
  }
  const results = goals.map((goal) => (found.get(goal) ?? pending.peek(goal))?.alias())
  for (const held of found.values()) held.dispose()
  pending.dispose()
  return results
}

/** A gradient that the caller receives belongs to the caller's scope. */
function adopt(result: Tensor): Tensor {
  const own = result.alias()
  result.dispose()
  return own
}

function step({ op, pending, createGraph }: Visit, node: Node, dys: (Tensor | undefined)[]): void {
  if (node.freed) {
    throw new ArgumentError(op, 'a graph that is still there (retainGraph keeps it)', `one freed at ${node.op}`)
  }
  usePrecision(node.precision)
  const gradients = scoped(op, () => node.backward(node, dys, createGraph))
  for (let i = 0; i < node.edges.length; i++) {
    const edge = node.edges[i]
    const gradient = gradients[i]
    if (edge !== undefined && gradient !== undefined) pending.add(edge, gradient)
  }
  gradients.forEach(drop)
}

const drop = (tensor: Tensor | undefined): void => tensor?.dispose()

function addToLeaf(leaf: Tensor, gradient: Tensor): void {
  const old = leaf.grad
  leaf.grad = keep(old === undefined ? gradient : accumulation.add(old, gradient)) as Tensor<'float32'>
  if (old === undefined) return
  old.dispose()
  gradient.dispose()
}
