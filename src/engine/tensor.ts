import { inspect } from 'node:util'
import { parseOptions } from './arguments.js'
import { backpropagate, takeFailure } from './autograd.js'
import { describe } from './describe.js'
import { ArgumentError, DisposedError, KernelError, ShapeError } from './errors.js'
import type { Edge } from './graph.js'
import { native, type Device, type DType, type TypedArray } from './native.js'
import { ownShape } from './results.js'
import { track, type Scope } from './scope.js'
import type { Storage } from './storage.js'

export type Shape = readonly number[]
/** The typed array that holds values of a dtype; bool is 0 and 1 in bytes. */
export type DataOf<D extends DType> = {
  float32: Float32Array
  int32: Int32Array
  uint8: Uint8Array
  bool: Uint8Array
}[D]
export type NestedArray = number | NestedArray[]

export function sizeOf(shape: Shape): number {
  let size = 1
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis] as number
  return size
}

const arrayMakers: { readonly [D in DType]: (size: number) => DataOf<D> } = {
  float32: (size) => new Float32Array(size),
  int32: (size) => new Int32Array(size),
  uint8: (size) => new Uint8Array(size),
  bool: (size) => new Uint8Array(size),
}

/** Zeros of a dtype. */
export function arrayOf<D extends DType>(dtype: D, size: number): DataOf<D> {
  return arrayMakers[dtype](size)
}

const backwardOptions = {
  name: 'backward',
  attrs: { gradient: undefined as Tensor | undefined, retainGraph: false },
}

/**
 * An immutable, row-major array of values in native memory. Only optimisers and running statistics replace a tensor's
 * value; whoever saved the old one keeps it. Every op of `ops` is a method as well: `x.add(y)` is `ops.add(x, y)`.
 */
export class Tensor<D extends DType = DType> {
  readonly shape: Shape
  readonly dtype: D
  /** The gradient that `backward` left here, or undefined. Owned by the tensor: `zeroGrad` releases it. */
  grad: Tensor<'float32'> | undefined
  /** @internal */ storage: Storage | undefined
  /** @internal Where this value came from in the graph; undefined for leaves and constants. */
  edge: Edge | undefined
  /** @internal The open scope that releases it. */
  scope: Scope | undefined
  #leafRequiresGrad = false

  /** @internal Use `tensor`, `zeros`, …; takes over one hold on `storage`. The shape is one that `ownShape` gave. */
  constructor(storage: Storage | undefined, shape: Shape, dtype: D, edge?: Edge) {
    this.shape = shape
    this.dtype = dtype
    this.grad = undefined
    this.storage = storage
    this.edge = edge
    this.scope = undefined
    track(this)
  }

  /** @internal Whether the constructor made it: proxies and objects that only inherit from Tensor have no value. */
  static is(value: unknown): value is Tensor {
    return typeof value === 'object' && value !== null && #leafRequiresGrad in value
  }

  /** Where the values are; throws DisposedError once they are released. */
  get device(): Device {
    return this.live('device').device
  }
  /** The number of axes. */
  get rank(): number {
    return this.shape.length
  }
  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape)
  }
  /** Whether `dispose` or a scope has released the value. */
  get isDisposed(): boolean {
    return this.storage === undefined
  }

  /** Whether gradients flow to or through this tensor. Can be set on leaves (tensors not made by an op) of float32. */
  get requiresGrad(): boolean {
    return this.edge !== undefined || this.#leafRequiresGrad
  }
  set requiresGrad(value: boolean) {
    if (typeof value !== 'boolean') throw new ArgumentError('requiresGrad', 'true or false', describe(value))
    if (this.edge !== undefined) {
      throw new ArgumentError('requiresGrad', 'a tensor that no op made', 'the result of an op; use stopGradient')
    }
    if (value && this.dtype !== 'float32') {
      throw new ArgumentError('requiresGrad', 'a float32 tensor', `dtype ${this.dtype}`)
    }
    this.#leafRequiresGrad = value
  }

  /** @internal The storage, or the error that says the tensor was disposed of. */
  live(op: string): Storage {
    if (this.storage === undefined) {
      throw new DisposedError(op, 'a live tensor', `one of shape [${this.shape.join(', ')}] that was disposed of`)
    }
    return this.storage
  }

  /** Resolves with a copy of the values once the stream has computed them; the event loop keeps running meanwhile. */
  async data(): Promise<DataOf<D>> {
    const { handle } = this.live('data')
    try {
      return await native.read<DataOf<D> & TypedArray>(handle, arrayOf(this.dtype, this.size) as DataOf<D> & TypedArray)
    } catch (error) {
      throw new KernelError(error instanceof Error ? error.message : String(error))
    }
  }

  /** As `data`, but blocks the thread until the values are there. */
  dataSync(): DataOf<D> {
    const { handle } = this.live('dataSync')
    try {
      return native.readSync(handle, arrayOf(this.dtype, this.size) as DataOf<D> & TypedArray)
    } catch (error) {
      throw new KernelError(error instanceof Error ? error.message : String(error))
    }
  }

  /** The value of a tensor of one element, as a number. */
  async item(): Promise<number> {
    this.requireOneElement('item')
    return (await this.data())[0] as number
  }
  /** As `item`, but blocks the thread. */
  itemSync(): number {
    this.requireOneElement('itemSync')
    return this.dataSync()[0] as number
  }

  /** The values as nested arrays of numbers; a scalar gives a number. */
  async toArray(): Promise<NestedArray> {
    return nest(await this.data(), this.shape)
  }
  /** As `toArray`, but blocks the thread. */
  toArraySync(): NestedArray {
    return nest(this.dataSync(), this.shape)
  }

  /**
   * Adds d(this)/d(leaf) to the `grad` of every leaf that requires it. A scalar, unless `gradient` (of this shape) is
   * given. The graph is freed, unless `retainGraph`.
   */
  backward(options?: { gradient?: Tensor; retainGraph?: boolean }): void {
    const { gradient, retainGraph } = parseOptions(backwardOptions, options) as typeof backwardOptions.attrs
    takeFailure()
    backpropagate('backward', [this], [gradient], undefined, { retainGraph })
  }

  /** Releases the value now. Graph nodes that saved it keep it. */
  dispose(): void {
    this.storage?.release()
    this.storage = undefined
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** @internal Another tensor of the same value, in another shape and at another place in the graph. */
  view(shape: Shape, edge: Edge | undefined): Tensor<D> {
    const own = shape === this.shape ? shape : ownShape('view', shape)
    return new Tensor(this.live('view').retain(), own, this.dtype, edge)
  }
  /** @internal Another tensor of the same value and the same place in the graph. */
  alias(): Tensor<D> {
    return this.view(this.shape, this.edge)
  }

  toString(): string {
    const state = this.storage === undefined ? 'disposed' : this.storage.device
    return `Tensor(${this.dtype} [${this.shape.join(', ')}] ${state}${this.requiresGrad ? ' requiresGrad' : ''})`
  }
  [inspect.custom](): string {
    return this.toString()
  }

  private requireOneElement(op: string): void {
    if (this.size !== 1) throw new ShapeError(op, 'a tensor of one element', `shape [${this.shape.join(', ')}]`)
  }
}

/** Whether a value is a tensor of this package. */
export function isTensor(value: unknown): value is Tensor {
  return Tensor.is(value)
}

function nest(values: TypedArray, shape: Shape): NestedArray {
  const build = (axis: number, offset: number): NestedArray => {
    if (axis === shape.length) return values[offset] as number
    const stride = sizeOf(shape.slice(axis + 1))
    return Array.from({ length: shape[axis] as number }, (_, i) => build(axis + 1, offset + i * stride))
  }
  return build(0, 0)
}
