/** Ops that move values: casts, copies along axes, other shapes, cuts of the graph. */
import { ops, tensor, type DType } from 'landbridge'
import { ndOf, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'
import { mapped } from '../support/elementwise.js'
import { broadcastReference } from './arithmetic.js'

const saturate = (low: number, high: number) => (x: number) =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, low), high))
const to: Readonly<Record<DType, (x: number) => number>> = {
  float32: Math.fround,
  int32: saturate(-2147483648, 2147483647),
  uint8: saturate(0, 255),
  bool: (x) => Number(x !== 0),
}
const samples: Readonly<Record<DType, number[]>> = {
  float32: [NaN, Infinity, -Infinity, 0, -0, 0.9, -0.9, 2.5, -2.5, 255.9, 256, -1, 2147483520, 2147483648, -3e9, 1e-45],
  int32: [-2147483648, 2147483647, 16777217, -16777217, 0, -1, 1, 255, 256, 33554435],
  uint8: [0, 1, 127, 128, 255],
  bool: [0, 1],
}
const dtypes = Object.keys(to) as DType[]

const casts: Variant[] = dtypes.flatMap((from) =>
  dtypes.map((dtype) => ({
    name: `${from} to ${dtype}`,
    inputs: [{ shape: [samples[from].length], dtype: from, values: samples[from] }],
    run: (x) => x.cast({ dtype }),
    reference: mapped(to[dtype]),
    tolerance: 0,
    gradient: false,
  })),
)

/** In every lane of a vector, and past the last whole one. */
const manyCasts: Variant[] = (['int32', 'uint8'] as const).map((dtype) => ({
  name: `vectors of float32 to ${dtype}`,
  inputs: [
    {
      shape: [77],
      values: Array.from({ length: 77 }, (_, i) => samples.float32[i % samples.float32.length] as number),
    },
  ],
  run: (x) => x.cast({ dtype }),
  reference: mapped(to[dtype]),
  tolerance: 0,
  gradient: false,
}))

/** Whole numbers that float32 holds exactly come back as they were. */
const whole = [...Array.from({ length: 31 }, (_, i) => [2 ** i, -(2 ** i), 2 ** i - 1]).flat(), -(2 ** 31)].filter(
  (x) => Math.fround(x) === x,
)
const roundTrip: Variant = {
  name: 'int32 to float32 and back',
  inputs: [{ shape: [whole.length], dtype: 'int32', values: whole }],
  run: (x) => x.cast({ dtype: 'float32' }).cast({ dtype: 'int32' }),
  reference: (x) => x,
  tolerance: 0,
  gradient: false,
}

const repeated =
  (shape: readonly number[]) =>
  (x: Nd): Nd =>
    broadcastReference((a) => a)(x, ndOf(shape, new Float64Array(shape.reduce((a, b) => a * b, 1))))
const repeat = (name: string, from: number[], shape: number[], dtype: DType = 'float32'): Variant => ({
  name,
  inputs: [{ shape: from, dtype }],
  run: (x) => x.broadcastTo({ shape }),
  reference: repeated(shape),
  tolerance: 0,
  gradient: dtype === 'float32',
})

const reshaped = (name: string, from: number[], shape: number[], result = shape): Variant => ({
  name,
  inputs: [{ shape: from }],
  run: (x) => x.reshape({ shape }),
  reference: ({ data }) => ({ shape: result, data }),
  tolerance: 0,
})

export default [
  opCase({
    op: 'cast',
    variants: [...casts, ...manyCasts, roundTrip],
    errors: [
      {
        name: 'an unknown dtype',
        run: () => tensor(1).cast({ dtype: 'float64' as never }),
        message: 'cast: expected a dtype among float32, int32, uint8, bool, received "float64"',
      },
    ],
  }),
  opCase({
    op: 'broadcastTo',
    covers: ['fill'], // test/creation.test.ts has its values
    variants: [
      repeat('a new axis', [3], [4, 3]),
      repeat('an axis of size 1', [4, 1], [4, 5]),
      repeat('axes between', [2, 1, 3, 1], [2, 3, 3, 5]),
      repeat('a scalar', [], [19]),
      repeat('the same shape', [3, 2], [3, 2]),
      repeat('to nothing', [1, 3], [0, 3]),
      repeat('int32', [1, 3], [5, 3], 'int32'),
      repeat('uint8', [3, 1], [3, 5], 'uint8'),
      repeat('bool', [1, 3], [5, 3], 'bool'),
    ],
    errors: [
      {
        name: 'a shape that is too small',
        run: () => tensor([1, 2]).broadcastTo({ shape: [] }),
        message: 'broadcastTo: expected a shape that [2] broadcasts to, received []',
      },
      {
        name: 'sizes that differ',
        run: () => tensor([1, 2]).broadcastTo({ shape: [3] }),
        message: 'broadcastTo: expected shapes that broadcast, received [2] and [3]',
      },
    ],
  }),
  opCase({
    op: 'reshape',
    variants: [
      reshaped('two axes to one', [3, 4], [12]),
      reshaped('what is left', [2, 3, 4], [4, -1], [4, 6]),
      reshaped('a scalar to a matrix', [], [1, 1]),
      reshaped('empty', [0, 3], [5, 0]),
    ],
    errors: [
      {
        name: 'another size',
        run: () => tensor([1, 2, 3]).reshape({ shape: [2] }),
        message: 'reshape: expected a shape for 3 values, received [2]',
      },
      {
        name: 'two sizes left open',
        run: () => tensor([1, 2, 3]).reshape({ shape: [-1, -1] }),
        message: 'reshape: expected a shape for 3 values, received [-1, -1]',
      },
      {
        name: 'a size that does not divide',
        run: () => tensor([1, 2, 3]).reshape({ shape: [2, -1] }),
        message: 'reshape: expected a shape for 3 values, received [2, -1]',
      },
    ],
  }),
  opCase({
    op: 'stopGradient',
    variants: [
      {
        name: 'half of a product',
        inputs: [{ shape: [3, 5] }, { shape: [3, 5] }],
        run: (x, y) => x.stopGradient().mul(y),
        reference: broadcastReference((a, b) => a * b),
        gradient: false, // by definition not the derivative; test/elementwise.test.ts has it
      },
      {
        name: 'a constant that is copied',
        inputs: [{ shape: [4], requiresGrad: false }, { shape: [4] }],
        run: (x, y) => ops.stopGradient(x).mul(y),
        reference: broadcastReference((a, b) => a * b),
      },
    ],
  }),
]
