import { parseOptions } from '../engine/arguments.js'
import type { Tensor } from '../engine/tensor.js'
import { avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool2d } from '../ops/pooling.js'
import { pairOf, type Padding, type Pair } from '../ops/window.js'
import { Module } from './module.js'
import { layerOptions } from './sizes.js'

export interface PoolOptions {
  /** One integer or [height, width]. */
  kernel: Pair
  /** Default: the kernel. */
  stride?: Pair
  /** As for `ops.conv2d`, at most half the kernel; default 0. */
  padding?: Padding
}

const pool = { kernel: undefined, stride: undefined, padding: undefined } as const

/** Checked like an op's options; the layer keeps a copy. */
const poolOptions = <O extends PoolOptions>(layer: string, options: O, more: object = {}): O => {
  const checked = parseOptions({ name: layer, attrs: { ...pool, ...more } }, options ?? {}) as O
  pairOf(layer, 'kernel', checked.kernel, 1)
  return checked
}

/** `ops.maxPool2d`. */
export class MaxPool2d extends Module {
  readonly options: Readonly<PoolOptions>

  constructor(options: PoolOptions) {
    super()
    this.options = poolOptions('MaxPool2d', options)
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options)
  }
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts as zeros (default) or not at all. */
  countIncludePad?: boolean
}

/** `ops.avgPool2d`. */
export class AvgPool2d extends Module {
  readonly options: Readonly<AvgPoolOptions>

  constructor(options: AvgPoolOptions) {
    super()
    this.options = poolOptions('AvgPool2d', options, { countIncludePad: true })
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options)
  }
}

/** `ops.globalAvgPool2d`: [N, H, W, C] to [N, C], or to [N, 1, 1, C] with `keepDims`. */
export class GlobalAvgPool2d extends Module {
  readonly keepDims: boolean

  constructor(options: { keepDims?: boolean } = {}) {
    super()
    this.keepDims = layerOptions<{ keepDims: boolean }>('GlobalAvgPool2d', options, { keepDims: false }).keepDims
  }

  forward(x: Tensor): Tensor {
    return globalAvgPool2d(x, { keepDims: this.keepDims })
  }
}

/** `ops.globalMaxPool2d`: [N, H, W, C] to [N, C], or to [N, 1, 1, C] with `keepDims`. */
export class GlobalMaxPool2d extends Module {
  readonly keepDims: boolean

  constructor(options: { keepDims?: boolean } = {}) {
    super()
    this.keepDims = options.keepDims ?? false
  }

  forward(x: Tensor): Tensor {
    return globalMaxPool2d(x, { keepDims: this.keepDims })
  }
}
