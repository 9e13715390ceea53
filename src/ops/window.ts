/** Windows that slide over the two spatial axes of [N, H, W, C]: what convolutions and poolings share. */
import { describe, isArray } from '../engine/arguments.js'
import { ArgumentError, ShapeError } from '../engine/errors.js'
import type { Shape, Tensor } from '../engine/tensor.js'

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number]

/** Zeros on each side; per axis; per side [[top, bottom], [left, right]]; or by name. */
export type Padding = Pair | 'same' | 'valid' | Sides
export type Sides = readonly [readonly [number, number], readonly [number, number]]

export interface WindowOptions {
  stride: Pair
  padding: Padding
  dilation: Pair
}

/** Window options with everything spelt out. */
export interface Window {
  stride: readonly [number, number]
  padding: Sides
  dilation: readonly [number, number]
  /** [height, width] of the result. */
  size: readonly [number, number]
}

const isWhole = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least

/** An option given as one integer or two, as two. */
export function pairOf(op: string, name: string, value: unknown, least: number): [number, number] {
  const pair: unknown[] = isArray(value) ? [...value] : [value, value]
  const [first, second] = pair
  if (pair.length === 2 && isWhole(first, least) && isWhole(second, least)) return [first, second]
  throw new ArgumentError(op, `an integer of at least ${least} as ${name}, or two`, describe(value))
}

/** The two spatial sizes; throws unless `x` is [N, H, W, C]. */
export function spatialSize(op: string, x: Tensor, name = 'x'): [number, number] {
  if (x.rank !== 4) throw new ShapeError(op, `${name} [N, H, W, C]`, `[${x.shape.join(', ')}]`)
  return [x.shape[1] as number, x.shape[2] as number]
}

/** Checks the options and finds where windows of `kernel` lie over `size`. */
export function windowOf(op: string, size: Shape, kernel: readonly [number, number], options: WindowOptions): Window {
  const stride = pairOf(op, 'stride', options.stride, 1)
  const dilation = pairOf(op, 'dilation', options.dilation, 1)
  const extent = [0, 1].map((i) => ((kernel[i] as number) - 1) * (dilation[i] as number) + 1) as [number, number]
  const padding = sidesOf(op, options.padding, (i) =>
    samePadding(size[i] as number, extent[i] as number, stride[i] as number),
  )
  const padded = padding.map(([before, after], i) => (size[i] as number) + before + after)
  if (padded.some((each, i) => each < (extent[i] as number))) {
    const spread = dilation.some((each) => each > 1) ? ' with its dilation' : ''
    throw new ShapeError(op, `a kernel within the padded input ${padded.join(' x ')}`, `${extent.join(' x ')}${spread}`)
  }
  const steps = (i: 0 | 1) => Math.floor(((padded[i] as number) - extent[i]) / stride[i]) + 1
  return { stride, padding, dilation, size: [steps(0), steps(1)] }
}

/** TensorFlow's 'same': ⌈size/stride⌉ windows; an odd zero goes to the end. */
function samePadding(size: number, extent: number, stride: number): [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + extent - size, 0)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

function sidesOf(op: string, padding: unknown, same: (axis: 0 | 1) => [number, number]): Sides {
  if (padding === 'same') return [same(0), same(1)]
  const given: unknown[] = Array.isArray(padding) ? padding : [padding, padding]
  const sides = padding === 'valid' ? [0, 0] : given
  const spelt = sides.map((each: unknown) => (Array.isArray(each) ? (each as unknown[]) : [each, each]))
  const right = spelt.length === 2 && spelt.every((pair) => pair.length === 2 && pair.every((each) => isWhole(each, 0)))
  if (right) return spelt as unknown[] as [[number, number], [number, number]]
  const known = "'same', 'valid', or integers of at least 0: one, [height, width] or [[top, bottom], [left, right]]"
  throw new ArgumentError(op, `${known} as padding`, describe(padding))
}
