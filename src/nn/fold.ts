/** What becomes one call: a layer with a weight and a bias, the batch norm after it, a residual and an activation. */
import { ShapeError } from '../engine/errors.js'
import { isGradEnabled } from '../engine/graph.js'
import { tidy } from '../engine/lifecycle.js'
import { keep } from '../engine/scope.js'
import type { Tensor } from '../engine/tensor.js'
import { relu } from '../ops/activations.js'
import { add, mul, sub } from '../ops/arithmetic.js'
import { conv1d } from '../ops/conv1d.js'
import { conv2d } from '../ops/conv2d.js'
import { linear } from '../ops/linear.js'
import { neg, rsqrt } from '../ops/unary.js'
import type { BatchNorm } from './batchNorm.js'
import { Conv1d, Conv2d } from './conv.js'
import { Linear } from './linear.js'
import { Module } from './module.js'

/** What follows a layer: activation(y + residual). */
export interface Tail {
  residual?: Tensor
  activation: 'none' | 'relu'
}

/** x ↦ x·weight + bias in some sense, with a weight [..., out] and a bias [out]. */
export type Affine = Conv1d | Conv2d | Linear

/** A layer's weight and bias with a batch norm folded into them. */
export interface Folded {
  /** Of which values they were made. */
  key: readonly number[]
  weight: Tensor
  bias: Tensor
}

/** Whether a layer does what its class says: neither a subclass nor a hook put on the instance changes it. */
export const isPlain = <M extends Module>(layer: unknown, kind: abstract new (...args: never[]) => M): layer is M =>
  layer instanceof kind &&
  layer.forward === (kind.prototype as M).forward &&
  layer.call === (Module.prototype as Module).call

export const isAffine = (layer: unknown): layer is Affine =>
  isPlain(layer, Conv2d) || isPlain(layer, Conv1d) || (isPlain(layer, Linear) && layer.activation === 'none')

/** activation(y + residual) by ops of their own. */
export function finish(y: Tensor, { residual, activation }: Tail): Tensor {
  if (residual !== undefined && residual.shape.join() !== y.shape.join()) {
    throw new ShapeError('Residual', `a shortcut [${y.shape.join(', ')}]`, `[${residual.shape.join(', ')}]`)
  }
  const sum = residual === undefined ? y : add(y, residual)
  return activation === 'relu' ? relu(sum) : sum
}

/** The layer with another weight and bias, and with what follows it. */
export function affine(
  layer: Affine,
  { weight, bias }: Pick<Affine, 'weight' | 'bias'>,
  x: Tensor,
  tail: Tail,
): Tensor {
  const { residual, activation } = tail
  if (layer instanceof Linear) {
    if (residual === undefined) return linear(x, weight, bias, { activation })
    return finish(linear(x, weight, bias), tail)
  }
  if (layer instanceof Conv2d) {
    const { stride, padding, dilation, groups, winograd } = layer
    return conv2d(x, weight, bias, residual, { stride, padding, dilation, groups, winograd, activation })
  }
  const { stride, padding, dilation, groups } = layer
  return conv1d(x, weight, bias, residual, { stride, padding, dilation, groups, activation })
}

/**
 * weight·s and (bias − mean)·s + beta with s = gamma/√(variance + epsilon), per output channel: norm(layer(x)) as one
 * layer. Kept with the norm until one of the values changes.
 *
 * @returns undefined where the two must stay apart: while training, where a gradient is needed, where they do not fit
 */
export function foldedOf(layer: Affine, norm: BatchNorm, x: Tensor): Folded | undefined {
  const sources = [layer.weight, layer.bias, norm.gamma, norm.beta, norm.runningMean, norm.runningVar]
  if (norm.training || !sources.every((each, i) => fits(each, i, layer))) return undefined
  if (isGradEnabled() && (x.requiresGrad || sources.some((each) => each?.requiresGrad))) return undefined
  const key = [norm.epsilon, ...sources.map((each) => each?.storage?.version ?? 0)]
  const held = norm._folded
  if (held?.key.every((value, i) => value === key[i]) && !held.weight.isDisposed && !held.bias.isDisposed) return held
  const { weight, bias } = tidy(() => fold(layer, norm))
  norm._hold({ key, weight: keep(weight), bias: keep(bias) })
  return norm._folded
}

/** Live float32 values; those after the weight one per output channel. Others are left to the ops to complain about. */
function fits(source: Tensor | undefined, i: number, { weight }: Affine): boolean {
  if (source === undefined) return true
  const perChannel = i === 0 || (source.rank === 1 && source.shape[0] === weight.shape.at(-1))
  return perChannel && !source.isDisposed && source.dtype === 'float32'
}

function fold(layer: Affine, { gamma, beta, runningMean, runningVar, epsilon }: BatchNorm) {
  const inverse = rsqrt(add(runningVar, epsilon))
  const scale = gamma === undefined ? inverse : mul(inverse, gamma)
  const shift = mul(layer.bias === undefined ? neg(runningMean) : sub(layer.bias, runningMean), scale)
  return { weight: mul(layer.weight, scale), bias: beta === undefined ? shift : add(shift, beta) }
}
