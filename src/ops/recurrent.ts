/** What the recurrent layers share: shapes, and the way to second order. */
import { backpropagate } from '../engine/autograd.js'
import { ShapeError } from '../engine/errors.js'
import { isGradEnabled, withGrad } from '../engine/graph.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { add } from './arithmetic.js'
import { zeros } from './creation.js'
import { reshape } from './shape.js'
import { slice } from './slice.js'

export interface Sizes {
  rows: number
  steps: number
  inputs: number
  units: number
}

const text = (shape: Shape): string => `[${shape.join(', ')}]`

/** Of x [N, T, C] and hiddenWeight [H, gates·H], with everything else checked against them. */
export function sizesOf(
  op: string,
  gates: number,
  [x, inputWeight, hiddenWeight, bias]: readonly [Tensor, Tensor, Tensor, Tensor?],
  states: Record<string, Tensor | undefined>,
): Sizes {
  if (x.rank !== 3 || x.shape[1] === 0) {
    throw new ShapeError(op, 'x [N, T, C] with at least one step', text(x.shape))
  }
  const [rows, steps, inputs] = x.shape as [number, number, number]
  const units = hiddenWeight.shape[0] ?? 0
  const expected: [string, Tensor | undefined, Shape][] = [
    ['hiddenWeight', hiddenWeight, [units, gates * units]],
    ['inputWeight', inputWeight, [inputs, gates * units]],
    ['bias', bias, [4 * units]],
    ...Object.entries(states).map(([name, each]): [string, Tensor | undefined, Shape] => [name, each, [rows, units]]),
  ]
  for (const [name, each, shape] of expected) {
    if (each === undefined || each.shape.join() === shape.join()) continue
    throw new ShapeError(op, `${name} ${text(shape)} for x ${text(x.shape)}`, text(each.shape))
  }
  return { rows, steps, inputs, units }
}

/** The numbers of the steps, in the order in which they are taken. */
export function order(steps: number, reverse: boolean): number[] {
  return Array.from({ length: steps }, (_, step) => (reverse ? steps - 1 - step : step))
}

/** Step t of [N, T, C]: [N, C]. */
export function stepOf(x: Tensor, t: number): Tensor {
  const [rows, , width] = x.shape as [number, number, number]
  return reshape(slice(x, { start: [0, t], end: [rows, t + 1] }), { shape: [rows, width] })
}

/** Part `index` of the columns of [N, parts·H]: [N, H]. */
export function gateOf(a: Tensor, index: number, units: number): Tensor {
  return slice(a, { start: [0, index * units], end: [a.shape[0], (index + 1) * units] })
}

export const zeroState = (x: Tensor, units: number): Tensor =>
  zeros([x.shape[0] as number, units], { device: x.device })

type Inputs = readonly (Tensor | undefined)[]

/**
 * The gradients of an op with several results, through its composed twin: what `compose` does for an op with one.
 * Inputs take part by views of their own, so that one which another depends on does not receive its share twice.
 */
export function throughTwin(
  op: string,
  twin: (inputs: Inputs) => readonly Tensor[],
  inputs: Inputs,
  needs: readonly boolean[],
  dys: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const createGraph = isGradEnabled()
  return withGrad(true, () => {
    const variables = inputs.map((each, i) => (needs[i] && each ? reshape(each, { shape: each.shape }) : each))
    const targets = variables.filter((_, i) => needs[i]) as Tensor[]
    const results = twin(variables)
    const parts = results.flatMap((result, i) => {
      const dy = dys[i]
      return dy === undefined || !result.requiresGrad
        ? []
        : [backpropagate(op, result, dy, targets, { createGraph, retainGraph: true })]
    })
    const sums = targets.map((_, i) => total(parts.map((part) => part[i])))
    return needs.map((need) => (need ? sums.shift() : undefined))
  })
}

function total(parts: readonly (Tensor | undefined)[]): Tensor | undefined {
  return parts.reduce((a, b) => (a && b ? add(a, b) : (a ?? b)), undefined)
}
