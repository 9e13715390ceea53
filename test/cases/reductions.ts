import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { reduceReference, type AxisOption } from '../support/reduce.js'

interface Options {
  axis?: AxisOption
  keepDims?: boolean
}
type Reduction = (x: Tensor, options?: Options) => Tensor

const total = (values: number[]) => values.reduce((a, b) => a + b, 0)
const product = (values: number[]) => values.reduce((a, b) => a * b, 1)
const average = (values: number[]) => total(values) / values.length
const largest = (values: number[]) => values.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b), -Infinity)
const smallest = (values: number[]) => values.reduce((a, b) => (a < b || Number.isNaN(a) ? a : b), Infinity)
const length = (values: number[]) => Math.sqrt(total(values.map((v) => v * v)))
const spread = (values: number[], correction: number) => {
  const centre = average(values)
  return total(values.map((v) => (v - centre) ** 2)) / Math.max(0, values.length - correction)
}

/** Values at least 0.1 apart, in no order: extremes stay where they are under finite differences. */
const apart = (size: number): number[] => Array.from({ length: size }, (_, i) => ((i * 17) % size) * 0.1 - 1)

const shapes: [string, number[], Options][] = [
  ['all axes', [3, 4], {}],
  ['a vector', [7], {}],
  ['a scalar', [], {}],
  ['rows', [3, 5], { axis: 1 }],
  ['columns, kept', [3, 5], { axis: 0, keepDims: true }],
  ['the middle axis', [2, 3, 4], { axis: -2 }],
  ['two axes apart', [2, 3, 4], { axis: [0, 2] }],
  ['two axes, in any order, kept', [2, 3, 4], { axis: [-1, 1], keepDims: true }],
  ['no axes', [2, 3], { axis: [] }],
]

/** The shapes that every reduction of floats is tried with. */
function variantsOf(run: Reduction, f: (values: number[]) => number, rest: Partial<Variant> = {}): Variant[] {
  return shapes.map(([name, shape, options]) => ({
    name,
    inputs: [{ shape, values: apart(shape.reduce((a, b) => a * b, 1)) }],
    run: (x) => run(x, options),
    reference: reduceReference(f, options.axis, options.keepDims),
    ...rest,
  }))
}

const value = (
  name: string,
  run: (x: Tensor) => Tensor,
  f: (values: number[]) => number,
  input: Sample,
  options: Options = {},
): Variant => ({
  name,
  inputs: [input],
  run,
  reference: reduceReference(f, options.axis, options.keepDims),
  gradient: false,
})

/** Enough elements for several partial results. */
const many = (run: Reduction, f: (values: number[]) => number): Variant[] => [
  value('many elements', (x) => run(x), f, { shape: [3, 100_003] }),
  value('many rows', (x) => run(x, { axis: 0 }), f, { shape: [4099, 3] }, { axis: 0 }),
  value(
    'rows of one column more than are taken as one',
    (x) => run(x, { axis: 0 }),
    f,
    { shape: [131, 65] },
    { axis: 0 },
  ),
  value('more columns than are carried at once', (x) => run(x, { axis: 0 }), f, { shape: [71, 1027] }, { axis: 0 }),
  value(
    'slabs of columns, cut into pieces',
    (x) => run(x, { axis: [0, 2] }),
    f,
    { shape: [3, 2, 5003, 7] },
    { axis: [0, 2] },
  ),
  value('runs past the lanes', (x) => run(x, { axis: 1 }), f, { shape: [5, 33] }, { axis: 1 }),
]

const badAxes = (op: string, run: Reduction) => [
  {
    name: 'an axis that is not there',
    run: () => run(tensor([[1, 2]]), { axis: 2 }),
    message: `${op}: expected axes from -2 to 1 for shape [1, 2], received 2`,
  },
  {
    name: 'an axis twice',
    run: () => run(tensor([[1, 2]]), { axis: [1, -1] }),
    message: `${op}: expected each axis once, received [1, -1]`,
  },
]

const int32 = (values: number[], shape = [values.length]): Sample => ({ shape, values, dtype: 'int32' })

const sums = [
  opCase({
    op: 'sum',
    variants: [
      ...variantsOf((x, options) => ops.sum(x, options), total),
      ...many((x, options) => ops.sum(x, options), total),
      value('no elements', (x) => x.sum(), total, { shape: [0, 3] }),
      value('no rows', (x) => x.sum({ axis: 0 }), total, { shape: [0, 3] }, { axis: 0 }),
      value('no results', (x) => x.sum({ axis: 1 }), total, { shape: [0, 3] }, { axis: 1 }),
      value('NaN', (x) => x.sum(), total, { shape: [3], values: [1, NaN, 2] }),
      value(
        'int32 that wraps',
        (x) => x.sum(),
        (v) => total(v) | 0,
        int32([2147483647, 5, 2147483647]),
      ),
    ],
    errors: badAxes('sum', (x, options) => ops.sum(x, options)),
  }),
  opCase({
    op: 'mean',
    variants: [
      ...variantsOf((x, options) => ops.mean(x, options), average),
      ...many((x, options) => ops.mean(x, options), average),
      value('no elements', (x) => x.mean(), average, { shape: [0] }),
      value('a large offset', (x) => x.mean(), average, { shape: [100_000], range: [999_999, 1_000_001] }),
    ],
    errors: badAxes('mean', (x, options) => ops.mean(x, options)),
  }),
  opCase({
    op: 'prod',
    variants: [
      ...variantsOf((x, options) => ops.prod(x, options), product),
      ...[
        [0, 2, 3, 4, 5],
        [0, 2, 0, 4],
        [0, 0, 0, 1],
      ].map((values, zeros) => ({
        name: `zeros, ${zeros + 1}`,
        inputs: [{ shape: [values.length], values }],
        run: (x: Tensor) => ops.prod(x),
        reference: reduceReference(product),
      })),
      value('no elements', (x) => x.prod(), product, { shape: [0] }),
      value('no rows', (x) => x.prod({ axis: 0 }), product, { shape: [0, 2] }, { axis: 0 }),
      value('a range that floats leave on the way', (x) => x.prod(), product, {
        shape: [4],
        values: [1e30, 1e30, 1e-30, 1e-30],
      }),
      value(
        'int32 that wraps',
        (x) => x.prod(),
        (v) => v.reduce(Math.imul, 1),
        int32([65537, 65539, 3]),
      ),
    ],
  }),
  opCase({
    op: 'norm',
    variants: [
      ...variantsOf((x, options) => ops.norm(x, options), length, { second: false }),
      {
        name: 'both orders, away from 0',
        inputs: [{ shape: [3, 4], range: [1, 2] }],
        run: (x) => ops.norm(x, { axis: 1 }),
        reference: reduceReference(length, 1),
      },
      value('squares out of range', (x) => x.norm(), length, { shape: [2], values: [3e30, 4e30] }),
      value('no elements', (x) => x.norm(), length, { shape: [0] }),
    ],
  }),
]

const extremes = (
  [
    ['max', (x: Tensor, options?: Options) => ops.max(x, options), largest],
    ['min', (x: Tensor, options?: Options) => ops.min(x, options), smallest],
  ] as const
).map(([op, run, f]) =>
  opCase({
    op,
    variants: [
      ...variantsOf(run, f),
      ...many(run, f),
      value('NaN', (x) => run(x, { axis: 1 }), f, { shape: [2, 3], values: [1, NaN, 2, 3, 4, 5] }, { axis: 1 }),
      value(
        'infinities',
        (x) => run(x, { axis: 0 }),
        f,
        { shape: [2, 2], values: [-Infinity, 1, -Infinity, Infinity] },
        { axis: 0 },
      ),
      value('int32', (x) => run(x), f, int32([-7, 2147483647, -2147483648, 0])),
      value('uint8', (x) => run(x), f, { shape: [3], dtype: 'uint8', values: [7, 255, 0] }),
      {
        name: 'two equals share the gradient',
        inputs: [{ shape: [2, 3], values: [5, 1, 5, 2, 2, 9].map((v) => (op === 'max' ? v : -v)) }],
        run: (x) => run(x, { axis: 1 }),
        reference: reduceReference(f, 1),
        second: false, // the share jumps as soon as the two are apart
      },
    ],
    errors: [
      ...badAxes(op, run),
      {
        name: 'nothing to choose from',
        run: () => run(zeros([2, 0]), { axis: 1 }),
        message: `${op}: expected at least one element to choose from, received shape [2, 0]`,
      },
    ],
  }),
)

const firstOf = (f: (values: number[]) => number) => (values: number[]) =>
  values.findIndex((v) => Object.is(v, f(values)) || v === f(values))

const args = (
  [
    [
      'argMax',
      (x: Tensor, options?: { axis?: number; keepDims?: boolean }) => ops.argMax(x, options),
      firstOf(largest),
    ],
    [
      'argMin',
      (x: Tensor, options?: { axis?: number; keepDims?: boolean }) => ops.argMin(x, options),
      firstOf(smallest),
    ],
  ] as const
).map(([op, run, f]) =>
  opCase({
    op,
    variants: [
      value('flattened', (x) => run(x), f, { shape: [3, 4] }),
      value('flattened, kept', (x) => run(x, { keepDims: true }), f, { shape: [3, 4] }, { keepDims: true }),
      value('a scalar', (x) => run(x), f, { shape: [] }),
      value('rows', (x) => run(x, { axis: -1 }), f, { shape: [3, 5] }, { axis: -1 }),
      value(
        'the middle axis, kept',
        (x) => run(x, { axis: 1, keepDims: true }),
        f,
        { shape: [2, 3, 4] },
        { axis: 1, keepDims: true },
      ),
      value('more columns than are carried at once', (x) => run(x, { axis: 0 }), f, { shape: [3, 263] }, { axis: 0 }),
      value('a run of many blocks', (x) => run(x), f, { shape: [70_003] }),
      value('the first of equals, blocks apart', (x) => run(x), f, {
        shape: [1031],
        values: Array.from({ length: 1031 }, (_, i) => (i % 300 === 299 ? 2 : i % 300 === 7 ? -2 : 1)),
      }),
      value('the first NaN, blocks apart', (x) => run(x), f, {
        shape: [1031],
        values: Array.from({ length: 1031 }, (_, i) => (i === 700 || i === 1000 ? NaN : i % 13)),
      }),
      value('the first of equals', (x) => run(x), f, { shape: [5], values: [2, 1, 2, 1, 2] }),
      value('the first NaN', (x) => run(x), f, { shape: [4], values: [1, NaN, 2, NaN] }),
      value('all −∞', (x) => run(x), f, { shape: [3], values: [-Infinity, -Infinity, -Infinity] }),
      value('int32', (x) => run(x), f, int32([3, -2147483648, 2147483647])),
      value('no results', (x) => run(x, { axis: 1 }), f, { shape: [0, 3] }, { axis: 1 }),
    ],
    errors: [
      {
        name: 'nothing to choose from',
        run: () => run(zeros([0])),
        message: `${op}: expected at least one element to choose from, received shape [0]`,
      },
      {
        name: 'an axis that is not there',
        run: () => run(tensor([1, 2]), { axis: 1 }),
        message: `${op}: expected an axis from -1 to 0 for shape [2], received 1`,
      },
    ],
  }),
)

const logical = (
  [
    ['any', (x: Tensor, options?: Options) => ops.any(x, options), (v: number[]) => Number(v.some((e) => e !== 0))],
    ['all', (x: Tensor, options?: Options) => ops.all(x, options), (v: number[]) => Number(v.every((e) => e !== 0))],
  ] as const
).map(([op, run, f]) =>
  opCase({
    op,
    variants: [
      ...shapes.map(([name, shape, options]) =>
        value(name, (x) => run(x, options), f, { shape, dtype: 'bool' }, options),
      ),
      value('all true', (x) => run(x), f, { shape: [3], dtype: 'bool', values: [1, 1, 1] }),
      value('all false', (x) => run(x), f, { shape: [3], dtype: 'bool', values: [0, 0, 0] }),
      value(
        'floats, NaN among them',
        (x) => run(x, { axis: 1 }),
        f,
        { shape: [2, 2], values: [0, NaN, 0.5, -0] },
        { axis: 1 },
      ),
      value('no elements', (x) => run(x), f, { shape: [0], dtype: 'bool' }),
    ],
    errors: badAxes(op, run),
  }),
)

const spreads = (
  [
    ['variance', (v: number[], correction: number) => spread(v, correction)],
    ['std', (v: number[], correction: number) => Math.sqrt(spread(v, correction))],
  ] as const
).map(([op, f]) => {
  const run = (x: Tensor, options?: Options & { correction?: number }) => ops[op](x, options)
  return opCase({
    op,
    variants: [
      ...variantsOf(
        (x, options) => run(x, { ...options, correction: 0 }),
        (v) => f(v, 0),
        { second: false },
      ).filter(
        ({ name }) => op === 'variance' || !['a scalar', 'no axes'].includes(name), // √ has no slope at 0
      ),
      ...variantsOf(run, (v) => f(v, 1)).slice(3, 8),
      value(
        'one element',
        (x) => run(x),
        (v) => f(v, 1),
        { shape: [1] },
      ),
      value(
        'no elements',
        (x) => run(x),
        (v) => f(v, 1),
        { shape: [0] },
      ),
      {
        // E[x²] − E[x]² would be noise here: the squares need twice the digits that float32 has.
        ...value(
          'a large offset',
          (x) => run(x, { axis: 1 }),
          (v) => f(v, 1),
          { shape: [2, 1009], range: [1e6, 1e6 + 2] },
          { axis: 1 },
        ),
        tolerance: 1e-4,
      },
      {
        name: 'equal values',
        inputs: [{ shape: [4], values: [3, 3, 3, 3] }],
        run: (x) => run(x),
        reference: reduceReference((v) => f(v, 1)),
        second: false,
      },
    ],
    errors: [
      ...badAxes(op, run),
      {
        name: 'a correction that is no number',
        run: () => run(tensor([1, 2]), { correction: Infinity }),
        message: `${op}: expected a number as correction, received Infinity`,
      },
    ],
  })
})

export default [...sums, ...extremes, ...args, ...logical, ...spreads]
