import { ArgumentError, ShapeError, within } from '../engine/errors.js'
import { describe, parseOptions, tensorArgument } from '../engine/arguments.js'
import { dtypes } from '../engine/native.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { axisOf, withSize } from './axis.js'
import { axesOf, type Axis } from './reductions.js'

/** One number per axis; missing ones, at the end or written as undefined, have the default. */
type PerAxis = readonly (number | undefined)[]
interface SliceOptions {
  start: PerAxis
  end: PerAxis
  step: PerAxis
}

interface Range {
  start: number
  step: number
  size: number
}

function integer(name: string, value: number, low: number, high: number, where: string): number {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return value
  const range = high === Infinity ? `an integer of at least ${low}` : `an integer from ${low} to ${high}`
  throw new ArgumentError('slice', `${range} as ${name} ${where}`, describe(value))
}

function rangesOf(x: Tensor, options: SliceOptions): Range[] {
  for (const [name, list] of Object.entries(options) as [string, PerAxis][]) {
    if (Array.isArray(list) && list.length <= x.rank) continue
    throw new ArgumentError('slice', `at most ${x.rank} numbers as ${name}`, describe(list))
  }
  return x.shape.map((n, axis) => {
    const where = `of axis ${axis} of shape [${x.shape.join(', ')}]`
    const place = (name: string, value: number) => {
      const index = integer(name, value, -n, n, where)
      return index < 0 ? index + n : index
    }
    const start = place('start', options.start[axis] ?? 0)
    const end = place('end', options.end[axis] ?? n)
    const step = integer('step', options.step[axis] ?? 1, 1, Infinity, where)
    return { start, step, size: Math.max(0, Math.ceil((end - start) / step)) }
  })
}

const attrs: SliceOptions = { start: [], end: [], step: [] }

/**
 * The part of x from `start` up to but without `end` along each axis. (PyTorch: `x[a:b:s]`; tfjs: `stridedSlice`, or
 * `slice` with sizes in place of ends)
 *
 * @param options.start per axis, −n to n; negative ones count from the end; default 0
 * @param options.end per axis, likewise; default: the axis' size. An end before its start gives size 0
 * @param options.step per axis, 1 or more; default 1
 */
export const slice = defineOp('slice', {
  attrs,
  accepts: dtypes,
  shape: ([x], options): Shape => rangesOf(x, options).map(({ size }) => size),
  params: ([x], options) => rangesOf(x, options).flatMap(({ start, step }) => [start, step]),
  save: [],
  gradient: ({ inputs: [x], attrs: options }, dy): Gradients => {
    const ranges = rangesOf(x, options)
    const [start, step] = [ranges.map((range) => range.start), ranges.map((range) => range.step)]
    return [embed(dy, { shape: x.shape, start, step })]
  },
})

/**
 * @internal The opposite of slice: a tensor of `shape` that is `value` everywhere but at `start + i·step`, where it is
 * x[i]. Its callers have checked the options.
 */
export const embed = defineOp('embed', {
  attrs: { shape: [] as Shape, start: [] as readonly number[], step: [] as readonly number[], value: 0 },
  accepts: dtypes,
  shape: (_, { shape }) => shape,
  params: (_, { start, step, value }) => [value, ...start.flatMap((first, axis) => [first, step[axis] as number])],
  save: [],
  gradient: ({ inputs: [x], attrs: { start, step } }, dy): Gradients => {
    const end = x.shape.map((n, i) => (n === 0 ? 0 : (start[i] as number) + (n - 1) * (step[i] as number) + 1))
    return [slice(dy, { start, end, step })]
  },
})

/**
 * The elements in reverse order along axes.
 *
 * @param options.axis one or several; default: all axes (tfjs: `reverse`)
 */
export const flip = defineOp('flip', {
  attrs: { axis: undefined as Axis },
  accepts: dtypes,
  kernel: 'slice',
  shape: ([x], { axis }) => {
    axesOf('flip', x, axis)
    return x.shape
  },
  params: ([x], { axis }) => {
    const axes = axesOf('flip', x, axis)
    return x.shape.flatMap((n, i) => (axes.includes(i) ? [n - 1, -1] : [0, 1]))
  },
  save: [],
  gradient: ({ attrs: { axis } }, dy): Gradients => [flip(dy, { axis })],
})

/** The sizes of `count` equal parts of n. */
function equalSizes(n: number, count: number): number[] {
  if (!Number.isSafeInteger(count) || count < 1 || n % count !== 0) {
    throw new ShapeError('split', `a count that divides ${n}`, describe(count))
  }
  return Array.from({ length: count }, () => n / count)
}

function checkSizes(n: number, sizes: readonly number[]): readonly number[] {
  const isArray: boolean = Array.isArray(sizes)
  const valid = isArray && sizes.every((size) => Number.isInteger(size) && size >= 0)
  if (valid && sizes.reduce((a, b) => a + b, 0) === n) return sizes
  throw new ShapeError('split', `sizes that add up to ${n}`, describe(sizes))
}

const splitDefaults = {
  count: undefined as number | undefined,
  sizes: undefined as readonly number[] | undefined,
  axis: 0,
}

/**
 * The parts of x along one axis, in order.
 *
 * @param options.count the number of equal parts; give this or `sizes`
 * @param options.sizes the size of each part; together that of the axis
 * @param options.axis default 0
 */
export function split<T extends Tensor>(x: T, options: Partial<typeof splitDefaults>): T[] {
  tensorArgument('split', 'x', x)
  const { count, sizes, axis } = parseOptions({ name: 'split', attrs: splitDefaults }, options) as typeof splitDefaults
  if ((count === undefined) === (sizes === undefined)) {
    throw new ArgumentError('split', 'either count or sizes', count === undefined ? 'neither' : 'both')
  }
  const along = axisOf('split', x.shape, axis)
  const n = x.shape[along] as number
  const parts = sizes === undefined ? equalSizes(n, count as number) : checkSizes(n, sizes)
  let at = 0
  return parts.map((size) => {
    const start = withSize(x.shape, along, at).map((each, i) => (i === along ? each : 0))
    const end = withSize(x.shape, along, (at += size))
    return within('split', () => slice(x, { start, end })) as T
  })
}
