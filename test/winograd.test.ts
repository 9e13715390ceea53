/**
 * The 3 x 3 convolutions by Winograd's minimal filtering, forced wherever the geometry allows them, against sums in double
 * precision: max|y − ref| ≤ tolerance · max(|x| ∗ |w|), over all elements or, of large results, a sample of them.
 */
import { describe, expect, test } from 'vitest'
import { ops, tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'
import { conv2dFilter, conv2dInput } from '../src/ops/conv2d.js'

// Read by the kernels when the first convolution runs.
process.env.LANDBRIDGE_WINOGRAD = 'always'

type Shape4 = readonly [number, number, number, number]
type Pads = readonly [readonly [number, number], readonly [number, number]]
interface Image {
  shape: Shape4
  data: Float32Array
}
interface Sum {
  value: number
  magnitude: number
}

const around = (pad: number): Pads => [
  [pad, pad],
  [pad, pad],
]
const SAMPLE = 600
const TOLERANCE = 1e-5

function image(shape: Shape4, seed: number, draw = (u: number) => u): Image {
  const random = seeded(seed)
  return { shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw(4 * random() - 2)) }
}

/** An element, 0 outside of the image. */
function at({ shape: [, h, w, c], data }: Image, b: number, i: number, j: number, k: number): number {
  return i < 0 || j < 0 || i >= h || j >= w ? 0 : (data[((b * h + i) * w + j) * c + k] as number)
}

/** Σ of products over a box of three indices. */
function sumOver(box: readonly [number, number, number], product: (i: number, j: number, k: number) => number): Sum {
  const sum = { value: 0, magnitude: 0 }
  for (let i = 0; i < box[0]; i++) {
    for (let j = 0; j < box[1]; j++) {
      for (let k = 0; k < box[2]; k++) {
        const term = product(i, j, k)
        sum.value += term
        sum.magnitude += Math.abs(term)
      }
    }
  }
  return sum
}

/** Compares the elements of `actual` (all, or a sample) with sums by index. */
function expectNormwise(actual: Tensor, tolerance: number, expected: (...index: number[]) => Sum): void {
  const values = actual.dataSync()
  const [, h, w, c] = actual.shape as Shape4
  const random = seeded(7)
  const all = values.length <= SAMPLE
  let [error, scale] = [0, 0]
  for (let n = 0; n < Math.min(SAMPLE, values.length); n++) {
    const i = all ? n : Math.floor(random() * values.length)
    const sum = expected(Math.floor(i / (h * w * c)), Math.floor(i / (w * c)) % h, Math.floor(i / c) % w, i % c)
    error = Math.max(error, Math.abs((values[i] as number) - sum.value))
    expect(Number.isFinite(values[i]), `element ${i} is ${values[i]}`).toBe(true)
    scale = Math.max(scale, sum.magnitude)
  }
  expect(error / scale).toBeLessThanOrEqual(tolerance)
}

interface Problem {
  x: Image
  w: Image
  bias: Image
  dy: Image
  pads: Pads
}

function problem(
  [n, h, w, c]: Shape4,
  f: number,
  pads: Pads = around(1),
  draw: Partial<Record<'x' | 'w' | 'bias' | 'dy', (u: number) => number>> = {},
): Problem {
  const out = [h + pads[0][0] + pads[0][1] - 2, w + pads[1][0] + pads[1][1] - 2] as const
  return {
    x: image([n, h, w, c], 1, draw.x),
    w: image([3, 3, c, f], 2, draw.w),
    bias: image([1, 1, 1, f], 4, draw.bias),
    dy: image([n, ...out, f], 3, draw.dy),
    pads,
  }
}

const asTensor = ({ shape, data }: Image) => tensor(data, { shape })
const spelt = { stride: [1, 1], dilation: [1, 1], groups: 1 } as const

function checkForward({ x, w, bias, dy, pads }: Problem, tolerance = TOLERANCE): void {
  const y = ops.conv2d(asTensor(x), asTensor(w), tensor(bias.data), { padding: pads })
  expect(y.shape).toEqual([...dy.shape])
  expectNormwise(y, tolerance, (b = 0, i = 0, j = 0, f = 0) => {
    const sum = sumOver(
      [3, 3, x.shape[3]],
      (p, q, k) => at(x, b, i + p - pads[0][0], j + q - pads[1][0], k) * at(w, p, q, k, f),
    )
    const shift = bias.data[f] as number
    return { value: sum.value + shift, magnitude: sum.magnitude + Math.abs(shift) }
  })
}

/** The same with a residual and a rectifier: the way inference takes. */
function checkFused({ x, w, bias, dy, pads }: Problem): void {
  const [image, filter, shifts, residual] = [asTensor(x), asTensor(w), tensor(bias.data), asTensor(dy)]
  const y = ops.conv2d(image, filter, shifts, residual, { padding: pads, activation: 'relu' })
  expectNormwise(y, TOLERANCE, (b = 0, i = 0, j = 0, f = 0) => {
    const sum = sumOver(
      [3, 3, x.shape[3]],
      (p, q, k) => at(x, b, i + p - pads[0][0], j + q - pads[1][0], k) * at(w, p, q, k, f),
    )
    const shift = (bias.data[f] as number) + at(dy, b, i, j, f)
    return { value: Math.max(sum.value + shift, 0), magnitude: sum.magnitude + Math.abs(shift) }
  })
}

function checkInput({ x, w, dy, pads }: Problem, tolerance = TOLERANCE): void {
  const size = [x.shape[1], x.shape[2]] as const
  const dx = conv2dInput(asTensor(dy), asTensor(w), { ...spelt, padding: pads, size })
  expectNormwise(dx, tolerance, (b = 0, i = 0, j = 0, k = 0) =>
    sumOver([3, 3, w.shape[3]], (p, q, f) => at(dy, b, i + pads[0][0] - p, j + pads[1][0] - q, f) * at(w, p, q, k, f)),
  )
}

function checkFilter({ x, w, dy, pads }: Problem, tolerance = TOLERANCE): void {
  const dw = conv2dFilter(asTensor(x), asTensor(dy), { ...spelt, padding: pads, size: [3, 3] })
  expect(dw.shape).toEqual([...w.shape])
  expectNormwise(dw, tolerance, (p = 0, q = 0, k = 0, f = 0) =>
    sumOver(
      [dy.shape[0], dy.shape[1], dy.shape[2]],
      (b, i, j) => at(x, b, i + p - pads[0][0], j + q - pads[1][0], k) * at(dy, b, i, j, f),
    ),
  )
}

function checkAll(each: Problem, tolerance?: number): void {
  checkForward(each, tolerance)
  checkInput(each, tolerance)
  checkFilter(each, tolerance)
}

describe('3 x 3 convolution by Winograd', () => {
  test('is what runs here: a NaN spoils its whole tile, and no more', () => {
    const { x, w } = problem([1, 9, 9, 2], 3)
    x.data[0] = NaN
    const y = ops.conv2d(asTensor(x), asTensor(w), undefined, { padding: 1 }).dataSync()
    const spoilt = Array.from(y, (v, i) => (Number.isNaN(v) ? i : -1)).filter((i) => i >= 0)
    const tile = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].flatMap((j) => [0, 1, 2].map((f) => (i * 9 + j) * 3 + f)))
    expect(spoilt).toEqual(tile)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('%i x %i pixels, square and not, padded by 0, 1 and 2', (size) => {
    for (const pad of [0, 1, 2]) {
      if (size + 2 * pad >= 3) checkAll(problem([1, size, size, 3], 2, around(pad)))
      if (size + 2 * pad >= 3) checkAll(problem([2, size, 10 - size + 2, 1], 1, around(pad)))
    }
  })

  test.each([
    [
      [0, 2],
      [1, 0],
    ],
    [
      [2, 0],
      [0, 1],
    ],
    [
      [3, 1],
      [0, 5],
    ],
  ] satisfies Pads[])('padding of %j and %j', (rows, columns) => {
    checkAll(problem([2, 6, 7, 5], 4, [rows, columns]))
  })

  test.each([
    [1, 1],
    [1, 40],
    [15, 17],
    [16, 16],
    [33, 7],
    [50, 49],
    [67, 96],
  ])('%i channels, %i filters', (channels, filters) => {
    checkAll(problem([1, 5, 6, channels], filters))
    checkFused(problem([2, 5, 6, channels], filters))
  })

  test('few tiles of many channels, taken filter by filter', () => {
    checkFused(problem([1, 6, 3, 171], 173))
    checkAll(problem([1, 6, 3, 171], 173))
  })

  test('more tiles than are held at once', () => {
    checkAll(problem([3, 61, 59, 48], 17))
  })

  test('many of everything', () => {
    checkAll(problem([5, 31, 30, 352], 353))
  })

  test('values far from zero', () => {
    checkAll(problem([2, 9, 10, 20], 18, around(1), { x: (u) => 1000 + u, dy: (u) => u - 300 }))
  })

  test('denormal values', () => {
    const [tiny, none] = [(u: number) => u * 1e-39, () => 0]
    checkForward(problem([2, 9, 10, 20], 18, around(1), { x: tiny, bias: none }), 1e-4)
    checkInput(problem([2, 9, 10, 20], 18, around(1), { dy: tiny }), 1e-4)
    checkFilter(problem([2, 9, 10, 20], 18, around(1), { x: tiny }), 1e-4)
    const large = { x: (u: number) => u * 1e20, dy: (u: number) => u * 1e15 }
    checkAll(problem([2, 9, 10, 20], 18, around(1), { ...large, w: tiny, bias: none }), 1e-4)
  })
})
