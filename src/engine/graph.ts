/** The graph of executed ops: no global tape, it hangs on its outputs. */
import type { DType } from './native.js'
import { currentPrecision } from './precision.js'
import type { Storage } from './storage.js'
import type { Shape, Tensor } from './tensor.js'

/** Where a value came from: an output of a node, or a leaf that collects gradients. */
export type Edge = { node: Node; index: number; leaf?: undefined } | { leaf: Tensor; node?: undefined }

/** A value that a node keeps for its gradient: native memory, not the Tensor object. */
export interface Saved {
  /** Undefined where the gradient reads the shape alone. */
  storage: Storage | undefined
  shape: Shape
  dtype: DType
}

/** Maps gradients of a node's outputs to gradients of its inputs. */
export type Backward = (
  node: Node,
  dys: (Tensor | undefined)[],
  createGraph: boolean,
) => readonly (Tensor | undefined)[]

let created = 0
let gradEnabled = true

/** One executed op in the graph. It refers to what made its inputs; nothing refers to it but its outputs. */
export class Node {
  /** Grows with time, so that descending order is a topological order. */
  readonly id = ++created
  /** In force when the op ran, hence for its gradient. */
  readonly precision = currentPrecision()
  /** Per output; empty where the gradient reads none. */
  outputs: readonly Saved[] = []
  freed = false
  constructor(
    readonly op: string,
    /** Per input: where its gradient goes, or undefined where none is needed. */
    readonly edges: readonly (Edge | undefined)[],
    readonly backward: Backward,
    /** Per input; undefined where it was left out. */
    readonly inputs: readonly (Saved | undefined)[] = [],
    readonly attrs: object = {},
  ) {}

  free(): void {
    this.freed = true
    for (const saved of this.inputs) if (saved !== undefined) forget(saved)
    for (const saved of this.outputs) forget(saved)
  }
}

function forget(saved: Saved): void {
  saved.storage?.release()
  saved.storage = undefined
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

/** All nodes that the roots depend on, newest first: a topological order. */
export function reachable(roots: readonly Edge[]): Node[] {
  const seen = new Set<Node>()
  const found: Node[] = []
  const stack = roots.flatMap(({ node }) => node ?? [])
  let sorted = true
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    sorted &&= node.id < (found.at(-1)?.id ?? Infinity)
    found.push(node)
    for (const edge of node.edges) if (edge?.node !== undefined) stack.push(edge.node)
  }
  return sorted ? found : found.sort((a, b) => b.id - a.id) // a chain comes in order
}

/** The nodes through which a gradient can reach one of the targets. `nodes`: newest first. */
export function leadingTo(nodes: Node[], targets: readonly Edge[]): Set<Node> {
  const leaves = new Set(targets.flatMap((edge) => edge.leaf ?? []))
  const made = new Map<Node, Set<number>>()
  for (const edge of targets) {
    if (edge.node !== undefined) made.set(edge.node, (made.get(edge.node) ?? new Set()).add(edge.index))
  }
  const leads = new Set<Node>()
  const reaches = (edge: Edge | undefined): boolean => {
    if (edge === undefined) return false
    if (edge.leaf !== undefined) return leaves.has(edge.leaf)
    return leads.has(edge.node) || (made.get(edge.node)?.has(edge.index) ?? false)
  }
  for (const node of nodes.toReversed()) if (node.edges.some(reaches)) leads.add(node)
  return leads
}
