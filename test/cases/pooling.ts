import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { maxPool2dInput, maxPool2dSelect } from '../../src/ops/pooling.js'
import { both } from '../support/convolution.js'
import { opCase, type Variant } from '../support/case.js'

interface Geometry {
  kernel: number | readonly [number, number]
  stride?: number | readonly [number, number]
  pads?: readonly [readonly [number, number], readonly [number, number]]
}

/** Every window's pixels inside the image, handed to `combine` with the window's full size. */
function pool({ kernel, stride = kernel, pads }: Geometry, combine: (values: number[], area: number) => number) {
  const [[kh, kw], [sh, sw]] = [both(kernel), both(stride)]
  const [[top, bottom], [left, right]] = pads ?? [both(0), both(0)]
  return (x: Nd): Nd => {
    const [n, h, w, c] = x.shape as [number, number, number, number]
    const rows = Math.floor((h + top + bottom - kh) / sh) + 1
    const columns = Math.floor((w + left + right - kw) / sw) + 1
    return nd([n, rows, columns, c], (b, i, j, k) => {
      const values: number[] = []
      for (let y = i * sh - top; y < i * sh - top + kh; y++) {
        for (let z = j * sw - left; z < j * sw - left + kw; z++) {
          if (y >= 0 && z >= 0 && y < h && z < w) values.push(ndIndex(x, b, y, z, k))
        }
      }
      return combine(values, kh * kw)
    })
  }
}

const largest = (values: number[]) => Math.max(...values)
const total = (values: number[]) => values.reduce((a, b) => a + b, 0)

type Options = Geometry & { padding?: 'same' | number | [number, number] }

/** Values far enough apart that no finite difference changes which one is largest. */
function spaced(shape: number[]): number[] {
  const size = shape.reduce((a, b) => a * b, 1)
  return Array.from({ length: size }, (_, i) => (((i * 37 + 11) % 61) - 30) / 8)
}

const geometries: [string, number[], Options][] = [
  ['2 x 2', [1, 4, 4, 3], { kernel: 2 }],
  ['windows that overlap', [1, 5, 4, 2], { kernel: [3, 2], stride: 1 }],
  ['gaps between windows', [1, 6, 5, 1], { kernel: 1, stride: [3, 2] }],
  [
    'padding',
    [2, 3, 4, 2],
    {
      kernel: 3,
      stride: 2,
      padding: 1,
      pads: [
        [1, 1],
        [1, 1],
      ],
    },
  ],
  [
    "'same', an even kernel",
    [1, 3, 5, 1],
    {
      kernel: 2,
      stride: 2,
      padding: 'same',
      pads: [
        [0, 1],
        [0, 1],
      ],
    },
  ],
  ['one pixel', [1, 1, 1, 1], { kernel: 1 }],
  ['no images', [0, 2, 2, 1], { kernel: 2 }],
]
const wide: [string, number[], Options] = ['channels past a block', [2, 6, 7, 131], { kernel: 3, stride: 2 }]

function options({ kernel, stride, padding }: Options) {
  return { kernel, stride, padding } as { kernel: number; stride?: number; padding?: number }
}

const maximum = geometries.map(([name, shape, geometry]): Variant => ({
  name,
  inputs: [{ shape, values: spaced(shape) }],
  run: (x: Tensor) => ops.maxPool2d(x, options(geometry)),
  reference: pool(geometry, largest),
}))

function average([name, shape, geometry]: [string, number[], Options]): Variant {
  return {
    name,
    inputs: [{ shape }],
    run: (x: Tensor) => ops.avgPool2d(x, options(geometry)),
    reference: pool(geometry, (values, area) => total(values) / area),
  }
}

const badOptions = (name: 'maxPool2d' | 'avgPool2d') => [
  {
    name: 'no kernel',
    run: () => ops[name](zeros([1, 2, 2, 1])),
    message: `${name}: expected an integer of at least 1 as kernel, or two, received nothing`,
  },
  {
    name: 'a vector',
    run: () => ops[name](tensor([1, 2]), { kernel: 2 }),
    message: `${name}: expected x [N, H, W, C], received [2]`,
  },
  {
    name: 'a kernel larger than the image',
    run: () => ops[name](zeros([1, 2, 2, 1]), { kernel: [3, 2] }),
    message: `${name}: expected a kernel within the padded input 2 x 2, received 3 x 2`,
  },
  {
    name: 'padding of more than half the kernel',
    run: () => ops[name](zeros([1, 4, 4, 1]), { kernel: 3, padding: 2 }),
    message: `${name}: expected padding of at most half the kernel 3 x 3, received 2`,
  },
]

const notANumber: Variant = {
  name: 'NaN and ties',
  inputs: [{ shape: [1, 2, 4, 1], values: [1, 1, NaN, 3, 1, 0, 9, 2] }],
  run: (x: Tensor) => ops.maxPool2d(x, { kernel: 2 }),
  reference: () => ({ shape: [1, 1, 2, 1], data: Float64Array.of(1, NaN) }),
  gradient: false,
}

/** The square's second derivative runs through the gradient's gradient, which a pooling alone never needs. */
function squared([, shape, geometry]: [string, number[], Options], op: 'maxPool2d' | 'avgPool2d'): Variant {
  const combine = op === 'maxPool2d' ? largest : (values: number[], area: number) => total(values) / area
  return {
    name: 'squared',
    inputs: [{ shape, values: spaced(shape) }],
    run: (x: Tensor) => {
      const y = ops[op](x, options(geometry))
      return ops.mul(y, y)
    },
    reference: pool(geometry, (values, area) => combine(values, area) ** 2),
  }
}

/** Positions in a 3 x 2 image for 2 images of 2 x 1 windows and 3 channels; some twice. */
const positions = { shape: [2, 2, 1, 3], dtype: 'int32' as const, values: [5, 0, 2, 5, 1, 3, 0, 0, 4, 1, 0, 4] }

/** Calls f(image, position, channel, window's place in the data) for every position. */
function eachPosition(p: Nd, f: (image: number, position: number, channel: number, at: number) => void): void {
  p.data.forEach((position, at) => f(Math.floor(at / 6), position, at % 3, at))
}

/** A pooling over the whole image. */
function over(run: (x: Tensor, keepDims: boolean) => Tensor, combine: (values: number[]) => number): Variant[] {
  const reference = (keepDims: boolean) => (x: Nd) => {
    const y = pool({ kernel: [x.shape[1] as number, x.shape[2] as number] }, combine)(x)
    return keepDims ? y : { shape: [y.shape[0] as number, y.shape[3] as number], data: y.data }
  }
  return [false, true].map((keepDims) => ({
    name: keepDims ? 'keepDims' : 'all pixels',
    inputs: [{ shape: [2, 3, 2, 5], values: spaced([2, 3, 2, 5]) }],
    run: (x: Tensor) => run(x, keepDims),
    reference: reference(keepDims),
  }))
}

const noPixels = (name: 'globalMaxPool2d' | 'globalAvgPool2d') => ({
  name: 'an image without pixels',
  run: () => ops[name](zeros([1, 0, 2, 1])),
  message: `${name}: expected at least one pixel, received [1, 0, 2, 1]`,
})

export default [
  opCase({
    op: 'maxPool2d',
    variants: [
      ...maximum,
      notANumber,
      squared(geometries[1] as (typeof geometries)[0], 'maxPool2d'),
      {
        name: wide[0],
        inputs: [{ shape: wide[1] }],
        run: (x: Tensor) => ops.maxPool2d(x, options(wide[2])),
        reference: pool(wide[2], largest),
        gradient: false,
      },
    ],
    errors: badOptions('maxPool2d'),
  }),
  opCase({
    op: 'maxPool2dInput',
    variants: [
      {
        name: 'positions that repeat',
        inputs: [{ shape: positions.shape }, positions],
        run: (x: Tensor, p: Tensor) => maxPool2dInput(x, p, { size: [3, 2] }),
        reference: (x: Nd, p: Nd) => {
          const y = nd([2, 3, 2, 3], () => 0)
          eachPosition(p, (image, position, channel, at) => {
            const target = (image * 6 + position) * 3 + channel
            y.data[target] = (y.data[target] as number) + (x.data[at] as number)
          })
          return y
        },
      },
    ],
  }),
  opCase({
    op: 'maxPool2dSelect',
    variants: [
      {
        name: 'positions that repeat',
        inputs: [{ shape: [2, 3, 2, 3] }, positions],
        run: (x: Tensor, p: Tensor) => maxPool2dSelect(x, p, { size: [2, 1] }),
        reference: (x: Nd, p: Nd) => {
          const y = nd(positions.shape, () => 0)
          eachPosition(p, (image, position, channel, at) => {
            y.data[at] = x.data[(image * 6 + position) * 3 + channel] as number
          })
          return y
        },
      },
    ],
  }),
  opCase({
    op: 'avgPool2d',
    covers: ['avgPool2dInput'],
    variants: [
      ...geometries.map(average),
      { ...average(wide), gradient: false },
      squared(geometries[3] as (typeof geometries)[0], 'avgPool2d'),
      {
        name: 'pixels alone count',
        inputs: [{ shape: [1, 3, 4, 2] }],
        run: (x: Tensor) => ops.avgPool2d(x, { kernel: 3, stride: 2, padding: 'same', countIncludePad: false }),
        reference: pool(
          {
            kernel: 3,
            stride: 2,
            pads: [
              [1, 1],
              [0, 1],
            ],
          },
          (values) => total(values) / values.length,
        ),
      },
    ],
    errors: badOptions('avgPool2d'),
  }),
  opCase({
    op: 'globalAvgPool2d',
    variants: over(
      (x, keepDims) => ops.globalAvgPool2d(x, { keepDims }),
      (values) => total(values) / values.length,
    ),
    errors: [noPixels('globalAvgPool2d')],
  }),
  opCase({
    op: 'globalMaxPool2d',
    variants: over((x, keepDims) => ops.globalMaxPool2d(x, { keepDims }), largest),
    errors: [noPixels('globalMaxPool2d')],
  }),
]
