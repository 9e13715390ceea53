/** The definitions of the recurrent layers, one number at a time, in double precision. */
import { nd, ndIndex, type Nd } from 'landbridge/testing'

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a))

/** What a layer did: the states of every step [N, T, H], and the last h and c [N, H]. */
export interface Sequences {
  output: Nd
  h: Nd
  c: Nd
}

/** One row's next state from its input and state. */
type Cell = (x: readonly number[], h: readonly number[], c: readonly number[]) => { h: number[]; c: number[] }

const rowOf = (x: Nd | undefined, n: number, units: number): number[] =>
  Array.from({ length: units }, (_, i) => (x ? ndIndex(x, n, i) : 0))

function unroll(cell: Cell, x: Nd, units: number, reverse: boolean, h0?: Nd, c0?: Nd): Sequences {
  const [rows, steps, inputs] = x.shape as [number, number, number]
  const output = nd([rows, steps, units], () => 0)
  const last: { h: number[]; c: number[] }[] = []
  for (let n = 0; n < rows; n++) {
    let state = { h: rowOf(h0, n, units), c: rowOf(c0, n, units) }
    for (let step = 0; step < steps; step++) {
      const t = reverse ? steps - 1 - step : step
      const values = Array.from({ length: inputs }, (_, i) => ndIndex(x, n, t, i))
      state = cell(values, state.h, state.c)
      state.h.forEach((value, i) => (output.data[(n * steps + t) * units + i] = value))
    }
    last.push(state)
  }
  const stateOf = (name: 'h' | 'c') => nd([rows, units], (n, i) => last[n as number]?.[name][i as number] as number)
  return { output, h: stateOf('h'), c: stateOf('c') }
}

/** Σ v·w[:, column]. */
const dot = (v: readonly number[], w: Nd, column: number): number =>
  v.reduce((total, value, i) => total + value * ndIndex(w, i, column), 0)

export function lstmReference(
  [x, wx, wh, bias, h0, c0]: readonly [Nd, Nd, Nd, Nd?, Nd?, Nd?],
  reverse = false,
): Sequences {
  const units = wh.shape[0] as number
  const cell: Cell = (input, h, c) => {
    const gate = (k: number, unit: number) => {
      const column = k * units + unit
      return dot(input, wx, column) + dot(h, wh, column) + (bias ? ndIndex(bias, column) : 0)
    }
    const next = c.map((value, u) => sigmoid(gate(1, u)) * value + sigmoid(gate(0, u)) * Math.tanh(gate(2, u)))
    return { h: next.map((value, u) => sigmoid(gate(3, u)) * Math.tanh(value)), c: next }
  }
  return unroll(cell, x, units, reverse, h0, c0)
}

export function gruReference([x, wx, wh, bias, h0]: readonly [Nd, Nd, Nd, Nd?, Nd?], reverse = false): Sequences {
  const units = wh.shape[0] as number
  const cell: Cell = (input, h) => {
    const offset = (k: number, unit: number) => (bias ? ndIndex(bias, k * units + unit) : 0)
    const own = (k: number, unit: number) => dot(input, wx, k * units + unit)
    const back = (k: number, unit: number) => dot(h, wh, k * units + unit)
    const next = h.map((value, u) => {
      const r = sigmoid(own(0, u) + back(0, u) + offset(0, u))
      const z = sigmoid(own(1, u) + back(1, u) + offset(1, u))
      const n = Math.tanh(own(2, u) + offset(2, u) + r * (back(2, u) + offset(3, u)))
      return (1 - z) * n + z * value
    })
    return { h: next, c: h.slice() }
  }
  return unroll(cell, x, units, reverse, h0)
}
