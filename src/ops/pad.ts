import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { dtypes, type DType } from '../engine/native.js'
import { defineOp } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { alongAxis, withSize } from './axis.js'
import { broadcastTo } from './broadcast.js'
import { fromArray } from './creation.js'
import { gather } from './gather.js'
import { reshape } from './shape.js'
import { embed } from './slice.js'

type Mode = 'constant' | 'reflect' | 'edge'
type Padding = readonly (readonly [before: number, after: number])[]
interface PadOptions {
  padding: Padding
  mode: Mode
  value: number
}

const ranges: Readonly<Record<DType, readonly [number, number]>> = {
  float32: [-Infinity, Infinity],
  int32: [-2147483648, 2147483647],
  uint8: [0, 255],
  bool: [0, 1],
}

const isArray = (value: unknown): boolean => Array.isArray(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

function checkPadding(x: Tensor, { padding, mode, value }: PadOptions): void {
  const pairs = isArray(padding) && padding.length === x.rank
  if (!pairs || !padding.every((pair) => isArray(pair) && pair.length === 2 && pair.every(isCount))) {
    throw new ArgumentError('pad', `[before, after] for each of ${x.rank} axes as padding`, describe(padding))
  }
  if (mode !== 'constant' && mode !== 'reflect' && mode !== 'edge') {
    throw new ArgumentError('pad', "'constant', 'reflect' or 'edge' as mode", describe(mode))
  }
  const [low, high] = ranges[x.dtype]
  const held = x.dtype === 'float32' ? typeof value === 'number' : Number.isInteger(value)
  if (!held || value < low || value > high) {
    throw new ArgumentError('pad', `a value that ${x.dtype} can hold`, describe(value))
  }
  if (mode === 'constant') return
  const least = (pair: readonly [number, number]) => (mode === 'reflect' ? Math.max(...pair) + 1 : 1)
  if (padding.some((pair, i) => Math.max(...pair) > 0 && (x.shape[i] as number) < least(pair))) {
    const expected = mode === 'reflect' ? 'paddings smaller than their axes' : 'axes with elements'
    throw new ShapeError('pad', `${expected} for mode '${mode}'`, `${describe(padding)} for [${x.shape.join(', ')}]`)
  }
}

/** Which element of an axis of size n stands at `index`, which may lie outside. */
function source(index: number, n: number, mode: Mode): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), n - 1)
  return index < 0 ? -index : index >= n ? 2 * (n - 1) - index : index
}

function padAxis(x: Tensor, axis: number, [before, after]: readonly [number, number], mode: Mode): Tensor {
  if (before + after === 0) return x
  const n = x.shape[axis] as number
  const indices = Int32Array.from({ length: before + n + after }, (_, i) => source(i - before, n, mode))
  return gather(x, fromArray(indices, [indices.length], 'int32', { device: x.device }), { axis })
}

const padded = ({ shape }: Tensor, padding: Padding): Shape =>
  shape.map((size, i) => size + (padding[i]?.[0] ?? 0) + (padding[i]?.[1] ?? 0))

/**
 * More elements before and after those of x along each axis.
 *
 * @param options.padding [before, after] per axis
 * @param options.mode `'constant'` (default): `value`; `'reflect'`: mirrored without the edge itself, at most n − 1
 *   elements (tfjs: `mirrorPad`); `'edge'`: the outermost element again (PyTorch: `replicate`)
 * @param options.value default 0
 */
export const pad = defineOp('pad', {
  attrs: { padding: [] as Padding, mode: 'constant' as Mode, value: 0 },
  accepts: dtypes,
  shape: ([x], options) => {
    checkPadding(x, options)
    return padded(x, options.padding)
  },
  compose: ([x], { padding, mode, value }) => {
    if (mode !== 'constant') {
      return padding.reduce<Tensor>((y, pair, axis) => padAxis(y, axis, pair, mode), reshape(x, { shape: x.shape }))
    }
    const start = padding.map(([before]) => before)
    return embed(x, { shape: padded(x, padding), start, step: start.map(() => 1), value })
  },
})

/**
 * x repeated whole along each axis. (numpy: `tile`; PyTorch: `repeat`)
 *
 * @param options.repeats how often, per axis, 0 or more
 */
export const tile = defineOp('tile', {
  attrs: { repeats: [] as readonly number[] },
  accepts: dtypes,
  shape: ([x], { repeats }) => {
    if (!isArray(repeats) || repeats.length !== x.rank || !repeats.every(isCount)) {
      throw new ArgumentError(
        'tile',
        `an integer of at least 0 for each of ${x.rank} axes as repeats`,
        describe(repeats),
      )
    }
    return x.shape.map((size, i) => size * (repeats[i] as number))
  },
  compose: ([x], { repeats }) =>
    repeats.reduce<Tensor>(
      (y, times, axis) => (times === 1 ? y : tileAxis(y, axis, times)),
      reshape(x, { shape: x.shape }),
    ),
})

function tileAxis(x: Tensor, axis: number, times: number): Tensor {
  const [outer, n, inner] = alongAxis(x.shape, axis)
  const block = reshape(x, { shape: [outer, 1, n * inner] })
  const wide = broadcastTo(block, { shape: [outer, times, n * inner] })
  return reshape(wide, { shape: withSize(x.shape, axis, n * times) })
}
