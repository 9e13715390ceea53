import { ops, tensor, type Tensor } from 'landbridge'
import type { Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { lineReference, reduceReference, type AxisOption } from '../support/reduce.js'

const largest = (line: number[]) => line.reduce((a, b) => Math.max(a, b), -Infinity)

function softmaxOf(line: number[]): number[] {
  const m = largest(line)
  const e = line.map((v) => Math.exp(v - m))
  const total = e.reduce((a, b) => a + b, 0)
  return e.map((v) => v / total)
}

function logSumExpOf(line: number[]): number {
  const m = largest(line)
  if (!Number.isFinite(m)) return m
  return m + Math.log(line.reduce((total, v) => total + Math.exp(v - m), 0))
}

const logSoftmaxOf = (line: number[]): number[] => {
  const m = largest(line)
  const shift = Math.log(line.reduce((total, v) => total + Math.exp(v - m), 0))
  return line.map((v) => v - m - shift)
}

const variant = (
  name: string,
  input: Sample,
  run: (x: Tensor) => Tensor,
  reference: (x: Nd) => Nd,
  rest: Partial<Variant> = {},
): Variant => ({ name, inputs: [input], run, reference, ...rest })

const plain = { gradient: false } as const

const lines = (
  [
    ['softmax', (x: Tensor, options?: { axis: number }) => ops.softmax(x, options), softmaxOf],
    ['logSoftmax', (x: Tensor, options?: { axis: number }) => ops.logSoftmax(x, options), logSoftmaxOf],
  ] as const
).map(([op, run, f]) =>
  opCase({
    op,
    covers: [`${op}Rows`, `${op}Gradient`],
    variants: [
      variant('rows', { shape: [3, 5] }, (x) => run(x), lineReference(f, 1)),
      variant('columns', { shape: [4, 3] }, (x) => run(x, { axis: 0 }), lineReference(f, 0)),
      variant('the middle axis', { shape: [2, 3, 4] }, (x) => run(x, { axis: -2 }), lineReference(f, 1)),
      variant('longer than a vector', { shape: [2, 29] }, (x) => run(x), lineReference(f, 1)),
      variant('one element', { shape: [2, 1] }, (x) => run(x), lineReference(f, 1)),
      variant('no rows', { shape: [0, 3] }, (x) => run(x), lineReference(f, 1)),
      variant('empty rows', { shape: [3, 0] }, (x) => run(x), lineReference(f, 1)),
      variant('long rows', { shape: [2, 10_007] }, (x) => run(x), (x) => {
        const [a, b] = [f([...x.data.slice(0, 10_007)]), f([...x.data.slice(10_007)])]
        return { shape: x.shape, data: Float64Array.from([...a, ...b]) }
      }, plain), // prettier-ignore
      variant('large values', { shape: [2, 5], range: [999, 1001] }, (x) => run(x), lineReference(f, 1), {
        ...plain,
        tolerance: 1e-6,
      }),
      variant('−∞ among them', { shape: [3], values: [1, -Infinity, 2] }, (x) => run(x), lineReference(f, 0), plain),
      variant('−∞ alone', { shape: [2], values: [-Infinity, -Infinity] }, (x) => run(x), lineReference(f, 0), plain),
      variant('NaN', { shape: [2, 2], values: [1, NaN, 1, 2] }, (x) => run(x), lineReference(f, 1), plain),
    ],
    errors: [
      {
        name: 'an axis that is not there',
        run: () => run(tensor([1, 2]), { axis: 1 }),
        message: `${op}: expected an axis from -1 to 0 for shape [2], received 1`,
      },
      {
        name: 'a scalar',
        run: () => run(tensor(1)),
        message: `${op}: expected a tensor with axes for shape [], received -1`,
      },
    ],
  }),
)

const reduced = (
  name: string,
  input: Sample,
  options: { axis?: AxisOption; keepDims?: boolean } = {},
  rest: Partial<Variant> = {},
): Variant =>
  variant(
    name,
    input,
    (x) => ops.logSumExp(x, options),
    reduceReference(logSumExpOf, options.axis, options.keepDims),
    rest,
  )

const logSumExp = opCase({
  op: 'logSumExp',
  covers: ['logSumExpRows'],
  variants: [
    reduced('all axes', { shape: [3, 4] }),
    reduced('rows', { shape: [3, 5] }, { axis: 1 }),
    reduced('columns, kept', { shape: [3, 5] }, { axis: 0, keepDims: true }),
    reduced('two axes apart', { shape: [2, 3, 4] }, { axis: [0, 2] }),
    reduced('a scalar', { shape: [] }),
    reduced('long rows', { shape: [1, 10_007] }, { axis: 1 }, plain),
    reduced('large values', { shape: [2, 5], range: [999, 1001] }, { axis: 1 }, plain),
    reduced('−∞ alone', { shape: [2], values: [-Infinity, -Infinity] }, {}, plain),
    reduced('∞', { shape: [2], values: [Infinity, 1] }, {}, plain),
    reduced('no elements', { shape: [0] }),
  ],
  errors: [
    {
      name: 'an axis that is not there',
      run: () => ops.logSumExp(tensor([1, 2]), { axis: 1 }),
      message: 'logSumExp: expected axes from -1 to 0 for shape [2], received 1',
    },
  ],
})

const running =
  (exclusive: boolean, reverse: boolean) =>
  (line: number[]): number[] => {
    const given = reverse ? line.toReversed() : line
    const sums = given.map((_, i) => given.slice(0, exclusive ? i : i + 1).reduce((a, b) => a + b, 0))
    return reverse ? sums.reverse() : sums
  }

const cumsum = opCase({
  op: 'cumsum',
  variants: [
    ...[false, true].flatMap((exclusive) =>
      [false, true].map((reverse) =>
        variant(
          `rows${exclusive ? ', exclusive' : ''}${reverse ? ', from the end' : ''}`,
          { shape: [3, 5] },
          (x) => ops.cumsum(x, { axis: -1, exclusive, reverse }),
          lineReference(running(exclusive, reverse), 1),
        ),
      ),
    ),
    ...[false, true].map((reverse) =>
      variant(
        `four stretches and a rest${reverse ? ', exclusive, from the end' : ''}`,
        { shape: [2, 263] },
        (x) => ops.cumsum(x, { axis: 1, exclusive: reverse, reverse }),
        lineReference(running(reverse, reverse), 1),
        plain,
      ),
    ),
    variant('the first axis', { shape: [4, 3] }, (x) => x.cumsum(), lineReference(running(false, false), 0)),
    variant(
      'the middle axis, from the end',
      { shape: [2, 3, 4] },
      (x) => x.cumsum({ axis: 1, reverse: true }),
      lineReference(running(false, true), 1),
    ),
    variant(
      'more columns than are carried at once',
      { shape: [3, 263] },
      (x) => x.cumsum(),
      lineReference(running(false, false), 0),
      plain,
    ),
    variant('empty', { shape: [0, 3] }, (x) => x.cumsum(), lineReference(running(false, false), 0)),
    variant(
      'int32 that wraps',
      { shape: [3], dtype: 'int32', values: [2147483647, 2, 3] },
      (x) => x.cumsum(),
      lineReference((line) => running(false, false)(line).map((v) => v | 0), 0),
      plain,
    ),
  ],
  errors: [
    {
      name: 'a scalar',
      run: () => ops.cumsum(tensor(1)),
      message: 'cumsum: expected a tensor with axes for shape [], received 0',
    },
  ],
})

export default [...lines, logSumExp, cumsum]
