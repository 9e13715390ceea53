/**
 * Convolutions by all ways but Winograd's, over geometries at random and around the tiles of each way, against sums in
 * double precision: max|y − ref| ≤ 1e-5 · max(|x| ∗ |w|).
 */
import { describe, expect, test } from 'vitest'
import { ops, tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'
import { conv2dFilter, conv2dInput } from '../src/ops/conv2d.js'

interface Geometry {
  images: number
  size: readonly [number, number]
  channels: number
  filters: number
  kernel: readonly [number, number]
  stride?: readonly [number, number]
  padding?: number
  dilation?: readonly [number, number]
  groups?: number
}
type Sums = { value: Float64Array; magnitude: Float64Array }

const TOLERANCE = 1e-5
const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
const sumsOf = (count: number): Sums => ({ value: new Float64Array(count), magnitude: new Float64Array(count) })

function spell({ kernel, stride = [1, 1], padding = 0, dilation = [1, 1], groups = 1, ...rest }: Geometry) {
  const out = [0, 1].map((i) => {
    const extent = (dilation[i] as number) * ((kernel[i] as number) - 1) + 1
    return Math.floor(((rest.size[i] as number) + 2 * padding - extent) / (stride[i] as number)) + 1
  }) as [number, number]
  return { ...rest, kernel, stride, padding, dilation, groups, out }
}
type Spelt = ReturnType<typeof spell>

/** Calls f(index into x, into w, into y) for every product of the convolution. */
function forEachProduct(g: Spelt, f: (x: number, w: number, y: number) => void): void {
  const [deep, wide] = [g.channels / g.groups, g.filters / g.groups]
  for (let y = 0; y < g.images * g.out[0] * g.out[1] * g.filters; y++) {
    const filter = y % g.filters
    const [n, oh, ow] = [Math.floor(y / g.filters / g.out[1] / g.out[0]), Math.floor(y / g.filters / g.out[1]) % g.out[0], Math.floor(y / g.filters) % g.out[1]] // prettier-ignore
    for (let tap = 0; tap < g.kernel[0] * g.kernel[1]; tap++) {
      const i = oh * g.stride[0] - g.padding + Math.floor(tap / g.kernel[1]) * g.dilation[0]
      const j = ow * g.stride[1] - g.padding + (tap % g.kernel[1]) * g.dilation[1]
      if (i < 0 || j < 0 || i >= g.size[0] || j >= g.size[1]) continue
      const first = ((n * g.size[0] + i) * g.size[1] + j) * g.channels + Math.floor(filter / wide) * deep
      for (let c = 0; c < deep; c++) f(first + c, (tap * deep + c) * g.filters + filter, y)
    }
  }
}

function expectNormwise(actual: Tensor, { value, magnitude }: Sums): void {
  const received = actual.dataSync()
  expect(received.length).toBe(value.length)
  const scale = magnitude.reduce((a, b) => Math.max(a, b), 0)
  const error = value.reduce((worst, each, i) => Math.max(worst, Math.abs(each - (received[i] as number))), 0)
  expect(error).toBeLessThanOrEqual(TOLERANCE * scale)
}

function check(geometry: Geometry, seed = 1, offset = 0): void {
  const g = spell(geometry)
  const random = seeded(seed)
  const draw = (shape: number[], shift = 0) => ({ shape, data: Float32Array.from({ length: product(shape) }, () => shift + 2 * random() - 1) }) // prettier-ignore
  const x = draw([g.images, ...g.size, g.channels], offset)
  const w = draw([...g.kernel, g.channels / g.groups, g.filters])
  const dy = draw([g.images, ...g.out, g.filters])
  const [y, dx, dw] = [sumsOf(dy.data.length), sumsOf(x.data.length), sumsOf(w.data.length)]
  const add = (to: Sums, at: number, term: number) => {
    to.value[at] = (to.value[at] as number) + term
    to.magnitude[at] = (to.magnitude[at] as number) + Math.abs(term)
  }
  forEachProduct(g, (i, j, k) => {
    const [a, b, d] = [x.data[i] as number, w.data[j] as number, dy.data[k] as number]
    add(y, k, a * b)
    add(dx, i, d * b)
    add(dw, j, d * a)
  })
  const [image, filter, gradient] = [x, w, dy].map(({ shape, data }) => tensor(data, { shape })) as [
    Tensor,
    Tensor,
    Tensor,
  ]
  const { stride, dilation, groups, padding } = g
  const padded = [[padding, padding], [padding, padding]] as const // prettier-ignore
  const spelt = { stride, dilation, groups, padding: padded, winograd: false }
  expectNormwise(ops.conv2d(image, filter, spelt), y)
  expectNormwise(conv2dInput(gradient, filter, { ...spelt, size: g.size }), dx)
  expectNormwise(conv2dFilter(image, gradient, { ...spelt, size: g.kernel }), dw)
}

function atRandom(seed: number): Geometry {
  const random = seeded(1000 + seed)
  const from = (low: number, high: number) => low + Math.floor(random() * (high - low + 1))
  const groups = from(0, 2) === 0 ? from(1, 9) : 1
  const [kernel, dilation] = [[from(1, 5), from(1, 4)], [from(1, 2), from(1, 3)]] as const // prettier-ignore
  const least = Math.max(...kernel.map((k, i) => (dilation[i] as number) * (k - 1) + 1))
  return {
    images: from(1, 3),
    size: [from(least, 12), from(least, 14)],
    channels: groups * from(1, 9),
    filters: groups * from(1, 37),
    kernel,
    dilation,
    stride: [from(1, 3), from(1, 3)],
    padding: from(0, 2),
    groups,
  }
}

const depthwise = (channels: number, rest: Partial<Geometry>): Geometry => ({
  images: 2,
  size: [9, 10],
  kernel: [3, 3],
  padding: 1,
  channels,
  filters: channels,
  groups: channels,
  ...rest, // prettier-ignore
})

const shapes: Record<string, Geometry> = {
  'as a first layer': {
    images: 2,
    size: [37, 21],
    channels: 3,
    filters: 20,
    kernel: [7, 7],
    stride: [2, 2],
    padding: 3,
  },
  'of one channel, above a band': {
    images: 1,
    size: [50, 9],
    channels: 1,
    filters: 5,
    kernel: [5, 3],
    stride: [1, 2],
    padding: 2,
  },
  'with a stride above the filter': {
    images: 1,
    size: [10, 11],
    channels: 5,
    filters: 6,
    kernel: [2, 1],
    stride: [3, 4],
  },
  'with sums cut into parts': { images: 4, size: [40, 33], channels: 9, filters: 7, kernel: [2, 2] },
  'of more than 288 elements per patch': {
    images: 1,
    size: [6, 7],
    channels: 70,
    filters: 34,
    kernel: [3, 2],
    stride: [2, 1],
  },
  'in many groups': { images: 1, size: [7, 6], channels: 48, filters: 32, kernel: [3, 3], groups: 16, padding: 1 },
  'pointwise, with sums cut into parts': { images: 3, size: [37, 41], channels: 21, filters: 13, kernel: [1, 1] },
  'depthwise, whole tiles': depthwise(32, { size: [8, 8] }),
  'depthwise, rest of tiles and of vectors': depthwise(37, { size: [10, 7] }),
  'depthwise, stride 2': depthwise(19, { size: [11, 13], stride: [2, 2] }),
  'depthwise, no padding': depthwise(5, { padding: 0, size: [7, 3] }),
  'depthwise, 5 x 5': depthwise(21, { kernel: [5, 5], padding: 2, size: [6, 21] }),
}

describe('convolution without Winograd', () => {
  test.each(Object.entries(shapes))('%s', (_, geometry) => check(geometry))
  test.each(Array.from({ length: 40 }, (_, i) => i))('geometry %i at random', (seed) => check(atRandom(seed), seed))
  test('values far from zero', () =>
    check({ images: 1, size: [9, 8], channels: 19, filters: 18, kernel: [3, 3] }, 1, 1000))
})
