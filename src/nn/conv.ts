import { describe } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'
import { conv1d } from '../ops/conv1d.js'
import { conv2d } from '../ops/conv2d.js'
import { convTranspose2d } from '../ops/convTranspose2d.js'
import { pairOf, type Padding, type Pair } from '../ops/window.js'
import * as init from './init.js'
import { Module } from './module.js'
import { parameter } from './parameter.js'
import { initialise, layerOptions, sizeArgument } from './sizes.js'

interface Channels {
  /** Channels of x. */
  in: number
  /** Channels of the result. */
  out: number
  /** Channels are split into this many groups, convolved apart; divides both. Default 1. */
  groups?: number
  /** Default true. */
  bias?: boolean
  /** Of the weight; default U(±1/√fanIn), as PyTorch. The bias is U(±1/√fanIn) always. */
  initializer?: init.Initializer
  /** Of the parameters; default `'cpu'`. */
  device?: Device
}

export interface Conv2dOptions extends Channels {
  /** One integer or [height, width]. */
  kernel: Pair
  /** Default 1. */
  stride?: Pair
  /** As for `ops.conv2d`; default 0. */
  padding?: Padding
  /** Default 1. */
  dilation?: Pair
  /** Whether Winograd's algorithm may be used, as for `ops.conv2d`; default true. */
  winograd?: boolean
}

export interface Conv1dOptions extends Channels {
  kernel: number
  /** Default 1. */
  stride?: number
  /** As for `ops.conv1d`; default 0. */
  padding?: number | readonly [number, number] | 'same' | 'valid'
  /** Default 1. */
  dilation?: number
}

export interface ConvTranspose2dOptions extends Omit<Conv2dOptions, 'padding'> {
  /** What the convolution would pad, cropped from the result; default 0. */
  padding?: Pair
  /** Rows and columns added at the end of the result; default 0. */
  outputPadding?: Pair
}

const channels = { in: undefined, out: undefined, groups: 1, bias: true, initializer: init.byFanIn, device: 'cpu' }
const sliding = { kernel: undefined, stride: 1, padding: 0, dilation: 1 }

/** Options of a convolution, checked like an op's. */
const convOptions = <O extends object>(layer: string, options: O, more: object = {}): O =>
  layerOptions(layer, options ?? {}, { ...channels, ...sliding, ...more }) as O

/** What convolutions share: a weight [...kernel, deep, wide], where groups divide both kinds of channels. */
abstract class Convolution extends Module {
  readonly weight: Tensor
  readonly bias: Tensor | undefined
  readonly groups: number

  protected constructor(layer: string, options: Channels, shapeOf: (groups: number) => number[]) {
    super()
    const { groups = 1, bias = true, initializer = init.byFanIn, device = 'cpu' } = options
    const [inputs, outputs] = [sizeArgument(layer, 'in', options.in), sizeArgument(layer, 'out', options.out)]
    this.groups = sizeArgument(layer, 'groups', groups)
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError(layer, 'groups that divide in and out', `${groups} for ${inputs} and ${outputs}`)
    }
    const shape = shapeOf(groups)
    const bound = 1 / Math.sqrt(init.fans(shape).fanIn)
    this.weight = parameter(initialise(layer, initializer, shape))
    this.bias = bias
      ? parameter(initialise(layer, (s) => init.uniform(s, { low: -bound, high: bound }), [outputs]))
      : undefined
    this.to(device)
  }
}

/**
 * `ops.conv2d` of x [N, H, W, in], to [N, H', W', out].
 *
 * Parameters: weight [kh, kw, in/groups, out] (PyTorch's [out, in/groups, kh, kw]) and bias [out].
 */
export class Conv2d extends Convolution {
  readonly stride: Pair
  readonly padding: Padding
  readonly dilation: Pair
  readonly winograd: boolean

  constructor(given: Conv2dOptions) {
    const options = convOptions('Conv2d', given, { winograd: true })
    const kernel = pairOf('Conv2d', 'kernel', options.kernel, 1)
    super('Conv2d', options, (groups) => [...kernel, options.in / groups, options.out])
    this.stride = options.stride ?? 1
    this.padding = options.padding ?? 0
    this.dilation = options.dilation ?? 1
    this.winograd = options.winograd ?? true
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, dilation, groups, winograd } = this
    return conv2d(x, this.weight, this.bias, { stride, padding, dilation, groups, winograd })
  }
}

/**
 * `ops.conv1d` of x [N, L, in], to [N, L', out].
 *
 * Parameters: weight [k, in/groups, out] (PyTorch's [out, in/groups, k]) and bias [out].
 */
export class Conv1d extends Convolution {
  readonly stride: number
  readonly padding: NonNullable<Conv1dOptions['padding']>
  readonly dilation: number

  constructor(given: Conv1dOptions) {
    const options = convOptions('Conv1d', given)
    const kernel = sizeArgument('Conv1d', 'kernel', options.kernel)
    super('Conv1d', options, (groups) => [kernel, options.in / groups, options.out])
    this.stride = options.stride ?? 1
    this.padding = options.padding ?? 0
    this.dilation = options.dilation ?? 1
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, dilation, groups } = this
    return conv1d(x, this.weight, this.bias, { stride, padding, dilation, groups })
  }
}

/**
 * `ops.convTranspose2d` of x [N, H, W, in], to [N, H', W', out].
 *
 * Parameters: weight [kh, kw, out/groups, in] (PyTorch's [in, out/groups, kh, kw]) and bias [out].
 */
export class ConvTranspose2d extends Convolution {
  readonly stride: Pair
  readonly padding: Pair
  readonly outputPadding: Pair
  readonly dilation: Pair
  readonly winograd: boolean

  constructor(given: ConvTranspose2dOptions) {
    const options = convOptions('ConvTranspose2d', given, { outputPadding: 0, winograd: true })
    if (typeof options.padding === 'string') {
      throw new ArgumentError('ConvTranspose2d', 'one integer or two as padding', describe(options.padding))
    }
    const kernel = pairOf('ConvTranspose2d', 'kernel', options.kernel, 1)
    super('ConvTranspose2d', options, (groups) => [...kernel, options.out / groups, options.in])
    this.stride = options.stride ?? 1
    this.padding = options.padding ?? 0
    this.outputPadding = options.outputPadding ?? 0
    this.dilation = options.dilation ?? 1
    this.winograd = options.winograd ?? true
  }

  forward(x: Tensor): Tensor {
    const { stride, padding, outputPadding, dilation, groups, winograd } = this
    const options = { stride, padding, outputPadding, dilation, groups, winograd }
    return convTranspose2d(x, this.weight, this.bias, options)
  }
}
