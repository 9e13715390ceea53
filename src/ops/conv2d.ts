import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp, type Gradients } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { sum } from './reductions.js'
import { reluGrad } from './reluGrad.js'
import { spatialSize, windowOf, type Pair, type Padding, type Window, type WindowOptions } from './window.js'

/** What a convolution can apply to its result on the way out. */
export type ConvActivation = 'none' | 'relu'

const options = {
  stride: 1 as Pair,
  padding: 0 as Padding,
  dilation: 1 as Pair,
  groups: 1,
  activation: 'none' as ConvActivation,
  winograd: true,
}
type Options = WindowOptions & { groups: number }

/** A shape's [height, width] or the like. */
const pair = (shape: Shape, at: number) => [shape[at] as number, shape[at + 1] as number] as const

/** Checks a filter [kh, kw, C/groups, F] against its groups, and against `channels` where they are known. */
export function checkFilter(op: string, w: Shape, groups: number, channels?: number): void {
  if (!Number.isSafeInteger(groups) || groups < 1) {
    throw new ArgumentError(op, 'an integer of at least 1 as groups', describe(groups))
  }
  if (w.length !== 4 || w[0] === 0 || w[1] === 0) {
    throw new ShapeError(op, 'w [kh, kw, C/groups, F] with kh and kw of at least 1', `[${w.join(', ')}]`)
  }
  const [depth, filters] = pair(w, 2)
  if (channels !== undefined && (channels % groups !== 0 || filters % groups !== 0)) {
    throw new ShapeError(op, 'channels and filters that groups divides', `${channels}, ${filters} and ${groups} groups`)
  }
  if (channels !== undefined && depth !== channels / groups) {
    const each = groups === 1 ? `${channels} input channels` : `${channels / groups} input channels per group`
    throw new ShapeError(op, `w [kh, kw, ${channels / groups}, F] for ${each}`, `[${w.join(', ')}]`)
  }
}

export function checkBias(op: string, bias: Tensor | undefined, filters: number): void {
  if (bias === undefined || (bias.rank === 1 && bias.shape[0] === filters)) return
  throw new ShapeError(op, `bias [${filters}]`, `[${bias.shape.join(', ')}]`)
}

/** `shape`: that of the result. */
export function checkResidual(op: string, residual: Tensor | undefined, shape: Shape): void {
  if (residual === undefined || residual.shape.join() === shape.join()) return
  throw new ShapeError(op, `residual [${shape.join(', ')}]`, `[${residual.shape.join(', ')}]`)
}

export function checkActivation(op: string, activation: ConvActivation): void {
  if (activation === 'none' || activation === 'relu') return
  throw new ArgumentError(op, "'none' or 'relu' as activation", describe(activation))
}

/** Where the filter's windows lie over x; checks both. */
function windowsOver(x: Tensor, w: Tensor, attrs: Options): Window {
  const size = spatialSize('conv2d', x)
  checkFilter('conv2d', w.shape, attrs.groups, x.shape[3] as number)
  return windowOf('conv2d', size, pair(w.shape, 0), attrs)
}

interface Launch extends Omit<Window, 'size'> {
  groups: number
  winograd: boolean
  activation?: ConvActivation
}

/** The kernels' parameters: padding after is implied by the shapes. */
function parameters({ stride, padding: [rows, columns], dilation, groups, winograd, activation }: Launch): number[] {
  return [...stride, rows[0], columns[0], ...dilation, groups, activation === 'relu' ? 1 : 0, winograd ? 1 : 0]
}

/**
 * 2-D convolution (cross-correlation, as in every framework), NHWC, with what often follows it in the same kernel:
 * activation(conv(x, w) + bias + residual).
 *
 * @param x [N, H, W, C]
 * @param w filters [kh, kw, C/groups, F]
 * @param bias [F], optional
 * @param residual [N, H', W', F], optional: what a residual block adds (its shortcut)
 * @param options.stride one integer or [height, width]; default 1. (tfjs: `strides`)
 * @param options.padding zeros around the image: one number, [height, width], [[top, bottom], [left, right]], `'valid'`
 *   (none) or `'same'` (⌈size/stride⌉ outputs, an odd zero at the end, as TensorFlow does); default 0. (tfjs: `pad`)
 * @param options.dilation distance of neighbouring taps; default 1. (tfjs: `dilations`)
 * @param options.groups channels are split into this many groups, convolved apart; C makes it depthwise; default 1
 * @param options.activation `'none'` (default) or `'relu'`
 * @param options.winograd whether Winograd's algorithm (Lavin and Gray 2016) may be used where it is faster, here and in
 *   the gradients: errors up to 1e-4 of the largest magnitude instead of 1e-5; default true
 * @returns [N, H', W', F] with H' = ⌊(H + padding − dilation·(kh − 1) − 1)/stride⌋ + 1
 */
export const conv2d = defineOp('conv2d', {
  inputs: ['x', 'w', 'bias?', 'residual?'],
  attrs: options,
  shape: ([x, w, bias, residual], attrs) => {
    const { size } = windowsOver(x, w, attrs)
    checkBias('conv2d', bias, w.shape[3] as number)
    checkActivation('conv2d', attrs.activation)
    const shape = [x.shape[0] as number, ...size, w.shape[3] as number]
    checkResidual('conv2d', residual, shape)
    return shape
  },
  params: ([x, w], attrs) => parameters({ ...attrs, ...windowsOver(x, w, attrs) }),
  save: ['x', 'w', 'outputs'],
  readsOutputs: ({ activation }) => activation === 'relu',
  gradient: ({ inputs: [x, w], outputs: [y], attrs, needs }, dy): Gradients => {
    const { stride, padding, dilation } = windowsOver(x, w, attrs)
    const spelt = { stride, padding, dilation, groups: attrs.groups, winograd: attrs.winograd }
    const dz = attrs.activation === 'relu' ? reluGrad(y as Tensor, dy) : dy
    return [
      needs[0] ? conv2dInput(dz, w, { ...spelt, size: pair(x.shape, 1) }) : undefined,
      needs[1] ? conv2dFilter(x, dz, { ...spelt, size: pair(w.shape, 0) }) : undefined,
      needs[2] ? sum(dz, { axis: [0, 1, 2] }) : undefined,
      needs[3] ? dz : undefined,
    ]
  },
})

const none: Window['padding'] = [
  [0, 0],
  [0, 0],
]
const one: Window['stride'] = [1, 1]
/** The gradients' options, all spelt out; `size` is that of their result. */
const spelt = { stride: one, padding: none, dilation: one, groups: 1, winograd: true, size: one }

/** The gradient of conv2d with respect to x [N, size, C], from dy [N, H', W', F] and w: its transpose. */
export const conv2dInput = defineOp('conv2dInput', {
  inputs: ['dy', 'w'],
  attrs: spelt,
  shape: ([dy, w], { size, groups }) => [dy.shape[0] as number, ...size, (w.shape[2] as number) * groups],
  params: (_, attrs) => parameters(attrs),
  gradient: ({ inputs: [dy, w], attrs: { size: _, ...attrs }, needs }, dx): Gradients => [
    needs[0] ? conv2d(dx, w, attrs) : undefined,
    needs[1] ? conv2dFilter(dx, dy, { ...attrs, size: pair(w.shape, 0) }) : undefined,
  ],
})

/** The gradient of conv2d with respect to w [size, C/groups, F], from x and dy. */
export const conv2dFilter = defineOp('conv2dFilter', {
  inputs: ['x', 'dy'],
  attrs: spelt,
  shape: ([x, dy], { size, groups }) => [...size, (x.shape[3] as number) / groups, dy.shape[3] as number],
  params: (_, attrs) => parameters(attrs),
  gradient: ({ inputs: [x, dy], attrs: { size: _, ...attrs }, needs }, dw): Gradients => [
    needs[0] ? conv2dInput(dy, dw, { ...attrs, size: pair(x.shape, 1) }) : undefined,
    needs[1] ? conv2d(x, dw, attrs) : undefined,
  ],
})
