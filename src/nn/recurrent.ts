import { describe, parseOptions, tensorArgument } from '../engine/arguments.js'
import { requireDevice } from '../engine/devices.js'
import { ArgumentError, ShapeError } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'
import { concat, stack } from '../ops/concat.js'
import { dropout } from '../ops/dropout.js'
import { reshape } from '../ops/shape.js'
import { slice } from '../ops/slice.js'
import { uniform } from './init.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { initialise, sizeArgument } from './sizes.js'

/** What a call returns, under the name that `returns` has for it; S is the kind of state. */
export interface RecurrentResults<S> {
  all: {
    /** h of the last layer at every step [N, T, H·directions]. */
    output: Tensor
    /** What the last layer ended with [N, H·directions]; in reverse that is at the first step. */
    last: Tensor
    /** What every layer and direction ended with: the next call may go on from it. */
    state: S
  }
  /** The output alone. */
  sequence: Tensor
  /** The last h alone. */
  last: Tensor
}
type Returns = keyof RecurrentResults<unknown>

export interface RecurrentOptions<R extends Returns = Returns> {
  /** Features of x. */
  in: number
  /** H, the units of each layer and direction. */
  hidden: number
  /** How many stand on each other; default 1. */
  layers?: number
  /** Whether a second half of each layer reads from the last step to the first; default false. */
  bidirectional?: boolean
  /** How likely an element between two layers is dropped while training, from 0 to 1; default 0. */
  dropout?: number
  /** Default true. */
  bias?: boolean
  /**
   * What a call returns: `'all'` (default), an object with output, last and state; `'sequence'`, the output; `'last'`.
   * The last two are tensors, as `Sequential` wants. (Keras: `return_sequences`, `return_state`)
   */
  returns?: R
  /** Of the parameters; default `'cpu'`. */
  device?: Device
}

/** The weights of one layer in one direction. */
export interface RecurrentCell {
  /** [in, gates·H] */
  inputWeight: Tensor
  /** [H, gates·H] */
  hiddenWeight: Tensor
  /** [4H] */
  bias: Tensor | undefined
}

const defaults = { layers: 1, bidirectional: false, dropout: 0, bias: true, returns: 'all', device: 'cpu' }

function checked(layer: string, given: RecurrentOptions): Required<RecurrentOptions> {
  const attrs = { in: undefined, hidden: undefined, ...defaults }
  const options = parseOptions({ name: layer, attrs }, given ?? {}) as Required<RecurrentOptions>
  requireDevice(layer, options.device)
  for (const name of ['in', 'hidden', 'layers'] as const) sizeArgument(layer, name, options[name])
  const { dropout: p, returns } = options
  if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
    throw new ArgumentError(layer, 'a number from 0 to 1 as dropout', describe(p))
  }
  if (returns !== 'all' && returns !== 'sequence' && returns !== 'last') {
    throw new ArgumentError(layer, "'all', 'sequence' or 'last' as returns", describe(returns))
  }
  return options
}

/**
 * Layers of recurrent cells, stacked and in one or two directions: what `LSTM` and `GRU` share.
 *
 * Parameters, U(±1/√H) at first as in PyTorch: `cells`, one per layer and direction, at layer·directions + direction.
 *
 * @typeParam S the state between calls; each of its tensors is [layers·directions, N, H], as in PyTorch
 * @typeParam R what a call returns
 */
export abstract class Recurrent<S, R extends Returns> extends Module<[x: Tensor, state?: S], RecurrentResults<S>[R]> {
  readonly cells: RecurrentCell[]
  readonly inputs: number
  readonly hidden: number
  readonly directions: 1 | 2
  readonly dropout: number
  readonly returns: R

  protected constructor(
    private readonly layer: string,
    gates: number,
    given: RecurrentOptions<R>,
  ) {
    super()
    const options = checked(layer, given)
    const { in: inputs, hidden, layers, bidirectional, bias } = options
    this.inputs = inputs
    this.hidden = hidden
    this.directions = bidirectional ? 2 : 1
    this.dropout = options.dropout
    this.returns = options.returns as R
    const bound = 1 / Math.sqrt(hidden)
    const make = (...shape: number[]) =>
      parameter(initialise(layer, (s) => uniform(s, { low: -bound, high: bound }), shape))
    this.cells = Array.from({ length: layers * this.directions }, (_, i) => ({
      inputWeight: make(i < this.directions ? inputs : hidden * this.directions, gates * hidden),
      hiddenWeight: make(hidden, gates * hidden),
      bias: bias ? make(4 * hidden) : undefined,
    }))
    this.to(options.device)
  }

  /** One cell over x [N, T, …]: its output, then its last states [N, H]. */
  protected abstract run(cell: RecurrentCell, x: Tensor, states: readonly Tensor[], reverse: boolean): Tensor[]
  /** The tensors of a state by name, and back. */
  protected abstract tensorsOf(state: S): Record<string, unknown>
  protected abstract stateOf(tensors: readonly Tensor[]): S

  /**
   * @param x [N, T, in], at least one step
   * @param state where to go on from, on the device of x; default: zeros there
   * @throws ArgumentError, ShapeError
   */
  forward(x: Tensor, state?: S): RecurrentResults<S>[R] {
    tensorArgument(this.layer, 'x', x)
    if (x.rank !== 3 || x.shape[2] !== this.inputs) {
      throw new ShapeError(this.layer, `x [N, T, ${this.inputs}]`, `[${x.shape.join(', ')}]`)
    }
    const before = state === undefined ? [] : this.checkState(this.tensorsOf(state), x.shape[0] as number)
    const { directions, cells } = this
    const ends: Tensor[][] = []
    let output = x
    for (let first = 0; first < cells.length; first += directions) {
      const below = first === 0 ? x : dropout(output, { p: this.dropout, training: this.training })
      const results = cells.slice(first, first + directions).map((cell, direction) => {
        const states = before.map((each) => this.pick(each, first + direction))
        return this.run(cell, below, states, direction === 1)
      })
      output = join(results.map(([each]) => each as Tensor))
      ends.push(...results.map(([, ...states]) => states))
    }
    const last = () => join(ends.slice(-directions).map(([h]) => h as Tensor))
    const results: { [K in Returns]: () => RecurrentResults<S>[K] } = {
      all: () => ({ output, last: last(), state: this.stateOf(transposed(ends)) }),
      sequence: () => output,
      last,
    }
    return results[this.returns]()
  }

  private checkState(tensors: Record<string, unknown>, rows: number): Tensor[] {
    const shape = [this.cells.length, rows, this.hidden]
    return Object.entries(tensors).map(([name, each]) => {
      tensorArgument(this.layer, name, each)
      if (each.shape.join() === shape.join()) return each
      throw new ShapeError(this.layer, `${name} [${shape.join(', ')}]`, `[${each.shape.join(', ')}]`)
    })
  }

  /** Row `index` of a state. */
  private pick(state: Tensor, index: number): Tensor {
    const part = this.cells.length === 1 ? state : slice(state, { start: [index], end: [index + 1] })
    return reshape(part, { shape: state.shape.slice(1) })
  }
}

/** Both directions side by side. */
const join = (parts: readonly Tensor[]): Tensor =>
  parts.length === 1 ? (parts[0] as Tensor) : concat(parts, { axis: -1 })

/** Per kind of state one tensor, from the states of each cell. */
const transposed = (ends: readonly (readonly Tensor[])[]): Tensor[] =>
  (ends[0] ?? []).map((first, kind) => {
    if (ends.length === 1) return reshape(first, { shape: [1, ...first.shape] })
    return stack(ends.map((states) => states[kind] as Tensor))
  })
