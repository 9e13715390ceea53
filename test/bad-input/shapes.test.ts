/** Random valid configurations of the ops with the most intricate shapes, against naive references in double precision. */
import { describe, expect, test } from 'vitest'
import { ops, tensor, tidy, type Tensor } from 'landbridge'
import { nd, ndIndex, ndOf, seeded, type Nd } from 'landbridge/testing'
import { convolve, convolveTransposed } from '../support/convolution.js'
import { reduceReference } from '../support/reduce.js'

const ROUNDS = 20

class Draw {
  readonly #random: () => number
  constructor(seed: number) {
    this.#random = seeded(seed)
  }
  int = (low: number, high: number): number => low + Math.floor(this.#random() * (high - low + 1))
  pair = (low: number, high: number): [number, number] => [this.int(low, high), this.int(low, high)]
  one = <T>(...choices: T[]): T => choices[this.int(0, choices.length - 1)] as T
  shape = (least: number, most: number, smallest = 0): number[] =>
    Array.from({ length: this.int(least, most) }, () => this.int(smallest, 4))
  /** Some of n axes, in random order, negative or not. */
  axes = (n: number): number[] =>
    this.permutation(n)
      .slice(0, this.int(0, n))
      .map((axis) => (this.#random() < 0.5 ? axis - n : axis))
  permutation = (n: number): number[] => {
    const list = Array.from({ length: n }, (_, i) => i)
    return list.map((_, i) => {
      const at = this.int(i, n - 1)
      const value = list[at] as number
      list[at] = list[i] as number
      return value
    })
  }
  tensor = (shape: readonly number[]): Tensor => {
    const size = shape.reduce((a, b) => a * b, 1)
    return tensor(
      Float32Array.from({ length: size }, () => this.#random() * 4 - 2),
      { shape, requiresGrad: true },
    )
  }
}

const values = (x: Tensor): Nd => ndOf(x.shape, x.dataSync())

function expectClose(y: Tensor, expected: Nd): void {
  expect(y.shape).toEqual([...expected.shape])
  const got = y.dataSync()
  expected.data.forEach((value, i) => {
    const received = got[i] as number
    if (Object.is(received, value) || Math.abs(received - value) <= 1e-5 * Math.max(1, Math.abs(value))) return
    expect.fail(`element ${i}: expected ${value}, received ${received}`)
  })
}

/** The gradients exist and have their inputs' shapes; their values are the op suite's business. */
function expectGradients(y: Tensor, inputs: Tensor[]): void {
  if (y.size === 0) return
  y.sum().backward()
  for (const x of inputs) expect(x.grad?.shape).toEqual(x.shape)
}

type Case = (draw: Draw) => { y: Tensor; expected: Nd; inputs: Tensor[] }

const wide = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1

const convolution: Case = (draw) => {
  const groups = draw.int(1, 3)
  const [kernel, stride, dilation] = [draw.pair(1, 3), draw.pair(1, 3), draw.pair(1, 2)]
  const pads: [[number, number], [number, number]] = [draw.pair(0, 2), draw.pair(0, 2)]
  const size = [0, 1].map((i) => wide(kernel[i] as number, dilation[i] as number) + draw.int(0, 4))
  const [channels, filters] = [groups * draw.int(1, 3), groups * draw.int(1, 3)]
  const inputs = [
    draw.tensor([draw.int(0, 3), ...size, channels]),
    draw.tensor([...kernel, channels / groups, filters]),
    draw.tensor([filters]),
  ] as [Tensor, Tensor, Tensor]
  const y = ops.conv2d(...inputs, { stride, dilation, groups, padding: pads })
  const [x, w, bias] = inputs.map(values) as [Nd, Nd, Nd]
  return { y, inputs, expected: convolve({ stride, dilation, groups, pads })(x, w, bias) }
}

const transposedConvolution: Case = (draw) => {
  const groups = draw.int(1, 2)
  const [kernel, stride, dilation] = [draw.pair(1, 3), draw.pair(1, 3), draw.pair(1, 2)]
  const outputPadding = stride.map((each) => draw.int(0, each - 1)) as [number, number]
  const [channels, filters] = [groups * draw.int(1, 3), draw.int(1, 3)]
  const inputs = [
    draw.tensor([draw.int(1, 2), draw.int(1, 4), draw.int(1, 4), channels]),
    draw.tensor([...kernel, filters, channels]),
  ] as [Tensor, Tensor]
  const y = ops.convTranspose2d(...inputs, { stride, dilation, groups, outputPadding })
  const [x, w] = inputs.map(values) as [Nd, Nd]
  return { y, inputs, expected: convolveTransposed({ stride, dilation, groups }, outputPadding)(x, w) }
}

const pooling =
  (name: 'maxPool2d' | 'avgPool2d'): Case =>
  (draw) => {
    const [kernel, stride] = [draw.pair(1, 4), draw.pair(1, 3)]
    const padding = kernel.map((each) => draw.int(0, Math.floor(each / 2))) as [number, number]
    const size = kernel.map((each) => each + draw.int(0, 4))
    const x = draw.tensor([draw.int(0, 2), ...size, draw.int(0, 5)])
    const y = ops[name](x, { kernel, stride, padding })
    const from = values(x)
    const expected = nd(y.shape, (b, i, j, k) => {
      const seen: number[] = []
      nd(kernel, (p, q) => {
        const [row, column] = [i * stride[0] + p - padding[0], j * stride[1] + q - padding[1]]
        const inside = row >= 0 && column >= 0 && row < (size[0] as number) && column < (size[1] as number)
        if (inside) seen.push(ndIndex(from, b, row, column, k))
        return 0
      })
      return name === 'maxPool2d' ? Math.max(...seen) : seen.reduce((a, v) => a + v, 0) / (kernel[0] * kernel[1])
    })
    const steps = (n: number, i: 0 | 1) => Math.floor((n + 2 * padding[i] - kernel[i]) / stride[i]) + 1
    expect(y.shape.slice(1, 3)).toEqual([steps(size[0] as number, 0), steps(size[1] as number, 1)])
    return { y, inputs: [x], expected }
  }

const slicing: Case = (draw) => {
  const x = draw.tensor(draw.shape(0, 5))
  const start = x.shape.map((n) => draw.int(0, n))
  const end = x.shape.map((n, i) => draw.int(start[i] as number, n))
  const step = x.shape.map(() => draw.int(1, 3))
  const negative = (list: number[]) => list.map((at, i) => (draw.int(0, 1) && at < (x.shape[i] as number) ? at - (x.shape[i] as number) : at)) // prettier-ignore
  const shape = start.map((from, i) => Math.ceil(((end[i] as number) - from) / (step[i] as number)))
  const from = values(x)
  const expected = nd(shape, (...at) => ndIndex(from, ...at.map((i, a) => (start[a] as number) + i * (step[a] as number)))) // prettier-ignore
  return { y: ops.slice(x, { start: negative(start), end: negative(end), step }), inputs: [x], expected }
}

const concatenation: Case = (draw) => {
  const shape = draw.shape(1, 5)
  const axis = draw.int(0, shape.length - 1)
  const inputs = Array.from({ length: draw.int(1, 5) }, () =>
    draw.tensor(shape.map((n, i) => (i === axis ? draw.int(0, 3) : n))),
  )
  const parts = inputs.map(values)
  const total = parts.reduce((sum, part) => sum + (part.shape[axis] as number), 0)
  const expected = nd(shape.map((n, i) => (i === axis ? total : n)), (...at) => {
    let rest = at[axis] as number
    for (const part of parts) {
      const n = part.shape[axis] as number
      if (rest < n) return ndIndex(part, ...at.map((each, i) => (i === axis ? rest : each)))
      rest -= n
    }
    return NaN
  }) // prettier-ignore
  return { y: ops.concat(inputs, { axis: draw.one(axis, axis - shape.length) }), inputs, expected }
}

const gathering: Case = (draw) => {
  const x = draw.tensor(draw.shape(1, 4, 1))
  const axis = draw.int(0, x.rank - 1)
  const chosen = draw.shape(0, 3)
  const count = chosen.reduce((a, b) => a * b, 1)
  const indices = Int32Array.from({ length: count }, () => draw.int(0, (x.shape[axis] as number) - 1))
  const y = ops.gather(x, tensor(indices, { shape: chosen }), { axis })
  const [from, list] = [values(x), ndOf(chosen, indices)]
  const expected = nd([...x.shape.slice(0, axis), ...chosen, ...x.shape.slice(axis + 1)], (...at) => {
    const index = ndIndex(list, ...at.slice(axis, axis + chosen.length))
    return ndIndex(from, ...at.slice(0, axis), index, ...at.slice(axis + chosen.length))
  })
  return { y, inputs: [x], expected }
}

const transposition: Case = (draw) => {
  const x = draw.tensor(draw.shape(0, 6))
  const perm = draw.permutation(x.rank)
  const from = values(x)
  const expected = nd(perm.map((axis) => x.shape[axis] as number), (...at) => ndIndex(from, ...x.shape.map((_, axis) => at[perm.indexOf(axis)] as number))) // prettier-ignore
  return { y: ops.transpose(x, { perm: perm.map((axis) => draw.one(axis, axis - x.rank)) }), inputs: [x], expected }
}

const add = (list: number[]) => list.reduce((a, b) => a + b, 0)
const reductions = {
  sum: add,
  mean: (list: number[]) => add(list) / list.length,
  max: (list: number[]) => Math.max(...list),
  min: (list: number[]) => Math.min(...list),
  prod: (list: number[]) => list.reduce((a, b) => a * b, 1),
  norm: (list: number[]) => Math.hypot(...list),
  logSumExp: (list: number[]) => Math.log(add(list.map(Math.exp))),
}

const reduction =
  (name: keyof typeof reductions): Case =>
  (draw) => {
    const x = draw.tensor(draw.shape(0, 5, name === 'max' || name === 'min' ? 1 : 0))
    const axis = draw.one(undefined, draw.axes(x.rank))
    const keepDims = draw.one(true, false)
    const expected = reduceReference(reductions[name], axis, keepDims)(values(x))
    return { y: ops[name](x, { axis, keepDims }), inputs: [x], expected }
  }

const cases: Record<string, Case> = {
  conv2d: convolution,
  convTranspose2d: transposedConvolution,
  maxPool2d: pooling('maxPool2d'),
  avgPool2d: pooling('avgPool2d'),
  slice: slicing,
  concat: concatenation,
  gather: gathering,
  transpose: transposition,
  ...Object.fromEntries(Object.keys(reductions).map((name) => [name, reduction(name as keyof typeof reductions)])),
}

describe.each(Object.entries(cases))('%s', (_, make) => {
  test.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))('drawn with seed %i', (seed) => {
    tidy(() => {
      const { y, expected, inputs } = make(new Draw(seed))
      expectClose(y, expected)
      expectGradients(y, inputs)
    })
  })
})
