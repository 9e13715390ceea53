import { describe } from './describe.js'
import { ArgumentError, DeviceError, DTypeError, KernelError, ShapeError } from './errors.js'
import { deviceNumber, native, type DType } from './native.js'
import { keep, scoped, unscoped } from './scope.js'
import { Storage } from './storage.js'
import { isTensor, Tensor, type Shape } from './tensor.js'

/** Where a value came from: an output of a node, or a leaf that collects gradients. */
export type Edge = { node: Node; index: number } | { leaf: Tensor }

/** A value that a node keeps for its gradient: native memory, not the Tensor object. */
export interface Saved {
  storage: Storage | undefined
  shape: Shape
  dtype: DType
  edge: Edge | undefined
}

/** Maps gradients of a node's outputs to gradients of its inputs. */
export type Backward = (node: Node, dys: (Tensor | undefined)[], createGraph: boolean) => (Tensor | undefined)[]

let created = 0
let gradEnabled = true

/** One executed op in the graph. It refers to what made its inputs; nothing refers to it but its outputs. */
export class Node {
  /** Grows with time, so that descending order is a topological order. */
  readonly id = ++created
  #freed = false
  constructor(
    readonly op: string,
    /** Per input: where its gradient goes, or undefined where none is needed. */
    readonly edges: readonly (Edge | undefined)[],
    readonly inputs: Saved[],
    readonly outputs: Saved[],
    readonly backward: Backward,
  ) {}

  get freed(): boolean {
    return this.#freed
  }

  free(): void {
    this.#freed = true
    for (const saved of [...this.inputs, ...this.outputs]) {
      saved.storage?.release()
      saved.storage = undefined
    }
  }
}

export function isGradEnabled(): boolean {
  return gradEnabled
}

export function withGrad<T>(enabled: boolean, f: () => T): T {
  const outer = gradEnabled
  gradEnabled = enabled
  try {
    return f()
  } finally {
    gradEnabled = outer
  }
}

export function edgeOf(tensor: Tensor): Edge | undefined {
  return tensor.edge ?? (tensor.requiresGrad ? { leaf: tensor } : undefined)
}

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

const sameEdge = (a: Edge, b: Edge): boolean =>
  'leaf' in a ? 'leaf' in b && a.leaf === b.leaf : 'node' in b && a.node === b.node && a.index === b.index

/** All nodes that `root` depends on, newest first: a topological order. */
function reachable(root: Edge): Node[] {
  const seen = new Set<Node>()
  const stack = 'node' in root ? [root.node] : []
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const edge of node.edges) if (edge !== undefined && 'node' in edge) stack.push(edge.node)
  }
  return [...seen].sort((a, b) => b.id - a.id)
}

/** The nodes through which a gradient can reach one of the targets. `nodes`: newest first. */
function leadingTo(nodes: Node[], targets: readonly Edge[]): Set<Node> {
  const leads = new Set<Node>()
  for (const node of nodes.toReversed()) {
    const hit = node.edges.some(
      (edge) =>
        edge !== undefined &&
        (targets.some((target) => sameEdge(edge, target)) || ('node' in edge && leads.has(edge.node))),
    )
    if (hit) leads.add(node)
  }
  return leads
}

/** Gradients on their way, each slot with a tensor of its own, so that releasing one never touches another. */
class Pending {
  #ofNode = new Map<Node, (Tensor | undefined)[]>()
  #ofLeaf = new Map<Tensor, Tensor>()

  add(edge: Edge, gradient: Tensor): void {
    if ('leaf' in edge) {
      this.#ofLeaf.set(edge.leaf, sum(this.#ofLeaf.get(edge.leaf), gradient))
      return
    }
    const slots = this.#ofNode.get(edge.node) ?? []
    slots[edge.index] = sum(slots[edge.index], gradient)
    this.#ofNode.set(edge.node, slots)
  }
  peek(edge: Edge): Tensor | undefined {
    return 'leaf' in edge ? this.#ofLeaf.get(edge.leaf) : this.#ofNode.get(edge.node)?.[edge.index]
  }
  take(node: Node): (Tensor | undefined)[] | undefined {
    const slots = this.#ofNode.get(node)
    this.#ofNode.delete(node)
    return slots
  }
  leaves(): Iterable<[Tensor, Tensor]> {
    return this.#ofLeaf
  }
  dispose(): void {
    for (const gradient of this.#ofLeaf.values()) gradient.dispose()
    for (const slots of this.#ofNode.values()) for (const gradient of slots) gradient?.dispose()
  }
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
  const handle = native.write(deviceNumber[output.device], new Float32Array([1]))
  return new Tensor(new Storage(handle, output.device), output.shape, 'float32')
}

export interface BackpropagateOptions {
  retainGraph?: boolean
  createGraph?: boolean
}

/**
 * Reverse-mode differentiation: visits the nodes newest first and hands each one's output gradients to its inputs.
 * With `targets` the gradients of those tensors are returned; otherwise they are added to the leaves' `grad`.
 */
export function backpropagate(
  op: string,
  output: Tensor,
  gradient: Tensor | undefined,
  targets: readonly Tensor[] | undefined,
  { createGraph = false, retainGraph = createGraph }: BackpropagateOptions,
): (Tensor | undefined)[] {
  const root = edgeOf(output)
  if (root === undefined) {
    throw new ArgumentError(op, 'a result that depends on a tensor with requiresGrad', 'one that does not')
  }
  const goals = targets?.map((target) => {
    const edge = edgeOf(target)
    if (edge === undefined) throw new ArgumentError(op, 'inputs with requiresGrad', 'one without')
    return edge
  })
  const nodes = reachable(root)
  const relevant = goals === undefined ? undefined : leadingTo(nodes, goals)
  return withGrad(createGraph, () =>
    unscoped(() => {
      const pending = new Pending()
      const first = initialGradient(op, output, gradient)
      pending.add(root, first)
      first.dispose()
      const found = new Map<Edge, Tensor>()
      for (const node of nodes) {
        for (const goal of goals ?? []) collect(goal, node, pending, found)
        const dys = pending.take(node)
        if (dys !== undefined && (relevant?.has(node) ?? true)) step(op, node, dys, pending, createGraph)
        for (const dy of dys ?? []) dy?.dispose()
        if (!retainGraph) node.free()
      }
      if (goals === undefined) {
        for (const [leaf, total] of pending.leaves()) addToLeaf(leaf, total)
        return []
      }
      const results = goals.map((goal) => (found.get(goal) ?? pending.peek(goal))?.alias())
      for (const held of found.values()) held.dispose()
      pending.dispose()
      return results
    }),
  ).map((result) => result && adopt(result))
}

/** A gradient that the caller receives belongs to the caller's scope. */
function adopt(result: Tensor): Tensor {
  const own = result.alias()
  result.dispose()
  return own
}

function collect(goal: Edge, node: Node, pending: Pending, found: Map<Edge, Tensor>): void {
  if (!('node' in goal) || goal.node !== node) return
  const gradient = pending.peek(goal)
  if (gradient !== undefined) found.set(goal, gradient.alias())
}

function step(op: string, node: Node, dys: (Tensor | undefined)[], pending: Pending, createGraph: boolean): void {
  if (node.freed) {
    throw new ArgumentError(op, 'a graph that is still there (retainGraph keeps it)', `one freed at ${node.op}`)
  }
  const gradients = scoped(op, () => node.backward(node, dys, createGraph), isTensor)
  node.edges.forEach((edge, i) => {
    const gradient = gradients[i]
    if (edge !== undefined && gradient !== undefined) pending.add(edge, gradient)
  })
  for (const gradient of gradients) gradient?.dispose()
}

function addToLeaf(leaf: Tensor, gradient: Tensor): void {
  const old = leaf.grad
  leaf.grad = keep(old === undefined ? gradient : accumulation.add(old, gradient)) as Tensor<'float32'>
  if (old === undefined) return
  old.dispose()
  gradient.dispose()
}
