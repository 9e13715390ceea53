/** What the recurrent layers share: shapes. */
import { ShapeError } from '../engine/errors.js'
import type { Shape, Tensor } from '../engine/tensor.js'
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
