import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp } from '../engine/op.js'
import type { Shape, Tensor } from '../engine/tensor.js'
import { checkActivation, checkBias, checkFilter, checkResidual, conv2d, type ConvActivation } from './conv2d.js'
import { reshape } from './shape.js'
import { windowOf, type Padding } from './window.js'

const options = {
  stride: 1,
  padding: 0 as number | readonly [number, number] | 'same' | 'valid',
  dilation: 1,
  groups: 1,
  activation: 'none' as ConvActivation,
}
type Options = typeof options

function check(x: Tensor, w: Tensor, groups: number): void {
  if (x.rank !== 3) throw new ShapeError('conv1d', 'x [N, L, C]', `[${x.shape.join(', ')}]`)
  if (w.rank !== 3 || w.shape[0] === 0) {
    throw new ShapeError('conv1d', 'w [k, C/groups, F] with k of at least 1', `[${w.shape.join(', ')}]`)
  }
  checkFilter('conv1d', widenedFilter(w.shape), groups, x.shape[2] as number)
}

/** [N, L, C] as images one pixel wide. */
const widened = ([n, length, channels]: Shape): Shape => [n as number, length as number, 1, channels as number]
/** [k, C/groups, F] as filters one pixel wide. */
const widenedFilter = ([k, depth, filters]: Shape): Shape => [k as number, 1, depth as number, filters as number]

function optionsOf({ stride, padding, dilation, groups, activation }: Options) {
  for (const [name, value] of Object.entries({ stride, dilation })) {
    if (!Number.isSafeInteger(value)) throw new ArgumentError('conv1d', `an integer as ${name}`, describe(value))
  }
  const sides = typeof padding === 'number' ? ([padding, padding] as const) : padding
  const wide: Padding = typeof sides === 'string' ? sides : [sides, [0, 0]]
  return { stride: [stride, 1] as const, padding: wide, dilation: [dilation, 1] as const, groups, activation }
}

/**
 * 1-D convolution (cross-correlation) along the middle axis: activation(conv(x, w) + bias + residual).
 *
 * @param x [N, L, C]
 * @param w filters [k, C/groups, F]
 * @param bias [F], optional
 * @param residual [N, L', F], optional: what a residual block adds (its shortcut)
 * @param options.stride default 1
 * @param options.padding zeros at both ends, [before, after], `'valid'` or `'same'`; default 0. [k − 1, 0] times the
 *   dilation makes it causal
 * @param options.dilation distance of neighbouring taps; default 1
 * @param options.groups channels are split into this many groups, convolved apart; default 1
 * @param options.activation `'none'` (default) or `'relu'`
 * @returns [N, L', F] with L' = ⌊(L + padding − dilation·(k − 1) − 1)/stride⌋ + 1
 */
export const conv1d = defineOp('conv1d', {
  inputs: ['x', 'w', 'bias?', 'residual?'],
  attrs: options,
  shape: ([x, w, bias, residual], attrs) => {
    check(x, w, attrs.groups)
    const [n, length] = x.shape as [number, number]
    const [k, , filters] = w.shape as [number, number, number]
    checkBias('conv1d', bias, filters)
    checkActivation('conv1d', attrs.activation)
    const shape = [n, windowOf('conv1d', [length, 1], [k, 1], optionsOf(attrs)).size[0], filters]
    checkResidual('conv1d', residual, shape)
    return shape
  },
  compose: ([x, w, bias, residual], attrs): Tensor => {
    const image = (t: Tensor) => reshape(t, { shape: widened(t.shape) })
    const filter = reshape(w, { shape: widenedFilter(w.shape) })
    const y = conv2d(image(x), filter, bias, residual && image(residual), optionsOf(attrs))
    const [batch, steps, , filters] = y.shape as [number, number, number, number]
    return reshape(y, { shape: [batch, steps, filters] })
  },
})
