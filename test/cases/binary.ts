import { ops, tensor, type Tensor } from 'landbridge'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { broadcastReference, broadcastVariants } from './arithmetic.js'

type Pair = (a: Tensor, b: Tensor) => Tensor
type Plain = (a: number, b: number) => number

/** Broadcast variants whose inputs are drawn elsewhere. */
const within = (run: Pair, f: Plain, a: Sample['range'], b: Sample['range'], rest: Partial<Variant> = {}) =>
  broadcastVariants(run, f, rest).map(({ inputs, ...variant }) => ({
    ...variant,
    inputs: inputs.map((input, i) => ({ ...input, range: i === 0 ? a : b })),
  }))

const given = (name: string, run: Pair, f: Plain, a: Sample, b: Sample, rest: Partial<Variant> = {}): Variant => ({
  name,
  inputs: [a, b],
  run,
  reference: broadcastReference(f),
  ...rest,
})

const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 2.5, -3, 1e-40]
/** Every pair of special values. */
const specials = (run: Pair, f: Plain): Variant =>
  given(
    'special values',
    run,
    (a, b) => Math.fround(f(a, b)),
    { shape: [10, 1], values: special },
    { shape: [10], values: special },
    { gradient: false },
  )

const integers = [-2147483648, 2147483647, -7, -1, 0, 1, 2, 3, 7]
const int32 = (run: Pair, f: Plain): Variant =>
  given(
    'int32',
    run,
    (a, b) => f(a, b) | 0,
    { shape: [9, 1], dtype: 'int32', values: integers },
    { shape: [9], dtype: 'int32', values: integers },
    { tolerance: 0, gradient: false },
  )
const bytes = [0, 1, 2, 7, 100, 255]
const uint8 = (run: Pair, f: Plain): Variant =>
  given(
    'uint8',
    run,
    (a, b) => f(a, b) & 255,
    { shape: [6, 1], dtype: 'uint8', values: bytes },
    { shape: [6], dtype: 'uint8', values: bytes },
    { tolerance: 0, gradient: false },
  )

/** Operands whose quotients are far from whole numbers, so that differences cross no kink. */
const apart = [
  { shape: [3, 2], values: [1.1, -2, 0.5, 3.1, -1.1, 0.1] },
  { shape: [2], values: [0.2, 1.5] },
] as const

const floorDiv: Plain = (a, b) => Math.floor(a / b)
const integerDiv: Plain = (a, b) => (b === 0 ? 0 : Math.floor(a / b))
/** Exact for floats: every quotient and product below fits in double. */
const mod: Plain = (a, b) => {
  if (Math.abs(b) === Infinity && Number.isFinite(a)) return a === 0 || a < 0 === b < 0 ? a : b
  const r = a % b
  return r !== 0 && r < 0 !== b < 0 ? r + b : r
}

const extremum = (name: 'maximum' | 'minimum', f: Plain) => {
  const run: Pair = (a, b) => ops[name](a, b)
  return opCase({
    op: name,
    variants: [
      ...broadcastVariants(run, f, { second: false }),
      given('operands far apart', run, f, ...apart),
      specials(run, f),
      int32(run, f),
      uint8(run, f),
    ],
    errors: [
      {
        name: 'shapes that do not broadcast',
        run: () => run(tensor([1, 2]), tensor([1, 2, 3])),
        message: `${name}: expected shapes that broadcast, received [2] and [3]`,
      },
    ],
  })
}

export default [
  extremum('maximum', Math.max),
  extremum('minimum', Math.min),
  opCase({
    op: 'pow',
    covers: ['powGradBase', 'powGradExponent'],
    variants: [
      ...within((a, b) => a.pow(b), Math.pow, [0.5, 2], [-2, 2]),
      given(
        'negative bases',
        (a, b) => a.pow(b),
        Math.pow,
        { shape: [4], values: [-1.5, -0.5, -2, -1] },
        { shape: [4], values: [2, -1, 3, 0], requiresGrad: false },
      ),
      {
        name: 'a number as exponent',
        inputs: [{ shape: [5], values: [-2, -0.5, 0.5, 1, 3] }],
        run: (x) => x.pow(3),
        reference: ({ shape, data }) => ({ shape, data: data.map((x) => x * x * x) }),
      },
      {
        name: 'a number as base',
        inputs: [{ shape: [19] }],
        run: (x) => ops.pow(2, x),
        reference: ({ shape, data }) => ({ shape, data: data.map((x) => Math.pow(2, x)) }),
      },
      // JavaScript alone gives NaN for 1 and ±1 to NaN or ±∞.
      specials(
        (a, b) => a.pow(b),
        (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b)),
      ),
    ],
  }),
  opCase({
    op: 'floorDiv',
    variants: [
      ...broadcastVariants((a, b) => ops.floorDiv(a, b), floorDiv, { gradient: false }),
      given('the gradient is zero', (a, b) => ops.floorDiv(a, b), floorDiv, ...apart),
      int32((a, b) => ops.floorDiv(a, b), integerDiv),
      uint8((a, b) => ops.floorDiv(a, b), integerDiv),
      given(
        'quotients that rounding would spoil',
        (a, b) => ops.floorDiv(a, b),
        (a, b) => Math.floor(a / b),
        { shape: [5], values: [1, 0.3, -1, 16777215, 6] },
        { shape: [5], values: [0.1, 0.1, 0.1, 0.5, -4] },
        { tolerance: 0, gradient: false },
      ),
    ],
  }),
  opCase({
    op: 'mod',
    variants: [
      ...broadcastVariants((a, b) => ops.mod(a, b), mod, { gradient: false }),
      given('gradients', (a, b) => ops.mod(a, b), mod, ...apart),
      specials((a, b) => ops.mod(a, b), mod),
      int32(
        (a, b) => ops.mod(a, b),
        (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
      ),
      uint8(
        (a, b) => ops.mod(a, b),
        (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
      ),
    ],
  }),
  opCase({
    op: 'atan2',
    variants: [
      ...broadcastVariants((a, b) => ops.atan2(a, b), Math.atan2),
      specials((a, b) => ops.atan2(a, b), Math.atan2),
    ],
  }),
]
