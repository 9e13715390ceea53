import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { mean } from './reductions.js'
import { reshape } from './shape.js'
import { pairOf, spatialSize, windowOf, type Pair, type Padding, type Sides, type Window } from './window.js'

const window = {
  kernel: undefined as Pair | undefined,
  stride: undefined as Pair | undefined,
  padding: 0 as Padding,
}
type Options = typeof window

/** A window with its kernel. */
type Pooling = Window & { kernel: readonly [number, number] }

function poolingOf(op: string, x: Tensor, { kernel, stride, padding }: Options): Pooling {
  const size = spatialSize(op, x)
  const extent = pairOf(op, 'kernel', kernel, 1)
  const found = windowOf(op, size, extent, { stride: stride ?? extent, padding, dilation: 1 })
  if (found.padding.some((sides, i) => sides.some((each) => 2 * each > (extent[i] as number)))) {
    const expected = `padding of at most half the kernel ${extent.join(' x ')}`
    throw new ArgumentError(op, expected, describe(padding)) // more would make windows of padding alone
  }
  return { ...found, kernel: extent }
}

const parameters = ({ kernel, stride, padding: [rows, columns] }: Pick<Pooling, 'kernel' | 'stride' | 'padding'>) => [
  ...kernel,
  ...stride,
  rows[0],
  columns[0],
]
const pooled = (x: Tensor, [h, w]: readonly [number, number]): Shape => [
  x.shape[0] as number,
  h,
  w,
  x.shape[3] as number,
]
const sizeOf = (x: Tensor): [number, number] => [x.shape[1] as number, x.shape[2] as number]

/**
 * The largest value of each window of [N, H, W, C]; NaN where a window holds one. Padding never wins. The gradient goes
 * to the first of equal values.
 *
 * @param options.kernel one integer or [height, width]; required. (tfjs: `filterSize`)
 * @param options.stride default: the kernel. (tfjs: `strides`)
 * @param options.padding as for `conv2d`, at most half the kernel; default 0. (tfjs: `pad`)
 * @returns [N, H', W', C] with H' = ⌊(H + padding − kernel)/stride⌋ + 1
 */
export const maxPool2d = defineOp('maxPool2d', {
  attrs: window,
  shape: ([x], attrs, needs) => {
    const shape = pooled(x, poolingOf('maxPool2d', x, attrs).size)
    return [{ shape }, needs[0] ? { shape, dtype: 'int32' } : null]
  },
  params: ([x], attrs) => parameters(poolingOf('maxPool2d', x, attrs)),
  save: ['outputs[1]'],
  gradient: ({ inputs: [x], outputs: [, positions] }, dy): Gradients => [
    maxPool2dInput(dy, positions as Tensor, { size: sizeOf(x) }),
  ],
})

const positioned = {
  inputs: ['x', 'positions'],
  attrs: { size: [1, 1] as readonly [number, number] },
  accepts: ['float32', 'int32'],
  dtype: 'float32',
  params: () => [],
  save: ['positions'],
} as const

/** Zeros of [N, size, C] with every value of x added at its position: the gradient of max pooling. */
export const maxPool2dInput = defineOp('maxPool2dInput', {
  ...positioned,
  shape: ([x], { size }) => pooled(x, size),
  gradient: ({ inputs: [x, positions] }, dy): Gradients => [
    maxPool2dSelect(dy, positions, { size: sizeOf(x) }),
    undefined,
  ],
})

/** The values of x at the positions [N, size, C]: the gradient of that gradient. */
export const maxPool2dSelect = defineOp('maxPool2dSelect', {
  ...positioned,
  shape: ([x], { size }) => pooled(x, size),
  gradient: ({ inputs: [x, positions] }, dy): Gradients => [
    maxPool2dInput(dy, positions, { size: sizeOf(x) }),
    undefined,
  ],
})

/**
 * The mean of each window of [N, H, W, C].
 *
 * @param options.kernel one integer or [height, width]; required. (tfjs: `filterSize`)
 * @param options.stride default: the kernel. (tfjs: `strides`)
 * @param options.padding as for `conv2d`, at most half the kernel; default 0. (tfjs: `pad`)
 * @param options.countIncludePad whether padding counts as zeros: true (default, as in PyTorch), or false: means are
 *   over the pixels alone (as in tfjs)
 * @returns [N, H', W', C] with H' = ⌊(H + padding − kernel)/stride⌋ + 1
 */
export const avgPool2d = defineOp('avgPool2d', {
  attrs: { ...window, countIncludePad: true },
  shape: ([x], attrs) => pooled(x, poolingOf('avgPool2d', x, attrs).size),
  params: ([x], attrs) => [...parameters(poolingOf('avgPool2d', x, attrs)), Number(attrs.countIncludePad)],
  save: [],
  gradient: ({ inputs: [x], attrs }, dy): Gradients => {
    const { kernel, stride, padding } = poolingOf('avgPool2d', x, attrs)
    return [avgPool2dInput(dy, { kernel, stride, padding, countIncludePad: attrs.countIncludePad, size: sizeOf(x) })]
  },
})

const one: readonly [number, number] = [1, 1]
const none: Sides = [
  [0, 0],
  [0, 0],
]

/** The gradient of average pooling with respect to its input [N, size, C]. */
export const avgPool2dInput = defineOp('avgPool2dInput', {
  inputs: ['dy'],
  attrs: { kernel: one, stride: one, padding: none, countIncludePad: true, size: one },
  shape: ([dy], { size }) => pooled(dy, size),
  params: (_, attrs) => [...parameters(attrs), Number(attrs.countIncludePad)],
  save: [],
  gradient: ({ attrs: { size: _, ...attrs } }, dx): Gradients => [avgPool2d(dx, attrs)],
})

const global = { keepDims: false }

/** Checks [N, H, W, C] with at least one pixel; gives the result's shape. */
function globalShape(op: string, x: Tensor, keepDims: boolean): Shape {
  if (spatialSize(op, x).includes(0)) throw new ShapeError(op, 'at least one pixel', `[${x.shape.join(', ')}]`)
  return keepDims ? pooled(x, one) : [x.shape[0] as number, x.shape[3] as number]
}

/**
 * The mean over all pixels of [N, H, W, C].
 *
 * @param options.keepDims give [N, 1, 1, C]; default false: [N, C]
 */
export const globalAvgPool2d = defineOp('globalAvgPool2d', {
  attrs: global,
  shape: ([x], { keepDims }) => globalShape('globalAvgPool2d', x, keepDims),
  compose: ([x], { keepDims }): Tensor => mean(x, { axis: [1, 2], keepDims }),
})

/**
 * The largest value over all pixels of [N, H, W, C].
 *
 * @param options.keepDims give [N, 1, 1, C]; default false: [N, C]
 */
export const globalMaxPool2d = defineOp('globalMaxPool2d', {
  attrs: global,
  shape: ([x], { keepDims }) => globalShape('globalMaxPool2d', x, keepDims),
  compose: ([x], { keepDims }): Tensor => {
    const y = maxPool2d(x, { kernel: sizeOf(x) })
    return keepDims ? y : reshape(y, { shape: globalShape('globalMaxPool2d', x, false) })
  },
})
