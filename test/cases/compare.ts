import { ops, tensor, type DType } from 'landbridge'
import { opCase, type Variant } from '../support/case.js'
import { broadcastReference, broadcastVariants } from './arithmetic.js'

type Name = 'equal' | 'notEqual' | 'greater' | 'greaterEqual' | 'less' | 'lessEqual'
type Plain = (a: number, b: number) => boolean

/** Every pair of these values, in one dtype. */
const values: [DType, number[]][] = [
  ['float32', [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-45, 1, 1.0000001]],
  ['int32', [-2147483648, 2147483647, 2147483646, -1, 0, 16777217, 16777216]],
  ['uint8', [0, 1, 127, 128, 255]],
  ['bool', [0, 1]],
]

function variants(name: Name, f: Plain): Variant[] {
  const g = (a: number, b: number) => Number(f(a, b))
  const rest = { run: (a: Parameters<(typeof ops)[Name]>[0], b: Parameters<(typeof ops)[Name]>[1]) => ops[name](a, b) }
  return [
    ...broadcastVariants(rest.run, g, { gradient: false }),
    ...values.map(([dtype, list]) => ({
      name: dtype,
      inputs: [
        { shape: [list.length, 1], dtype, values: list },
        { shape: [list.length], dtype, values: list },
      ],
      ...rest,
      reference: broadcastReference(g),
      gradient: false,
    })),
  ]
}

/** A number that the tensor's dtype cannot hold is compared by its value. */
const besideNumber = (name: string, dtype: DType, number: number): Variant => ({
  name,
  inputs: [{ shape: [3], dtype, values: [0, 1, 1] }],
  run: (x) => ops.greater(x, number),
  reference: ({ shape, data }) => ({ shape, data: data.map((x) => Number(x > number)) }),
  gradient: false,
})

const compare = (name: Name, f: Plain, more: Variant[] = []) =>
  opCase({
    op: name,
    variants: [...variants(name, f), ...more],
    errors: [
      {
        name: 'shapes that do not broadcast',
        run: () => ops[name](tensor([1, 2]), tensor([1, 2, 3])),
        message: `${name}: expected shapes that broadcast, received [2] and [3]`,
      },
    ],
  })

const logical = (name: 'logicalAnd' | 'logicalOr' | 'logicalXor', f: (a: number, b: number) => number) =>
  opCase({
    op: name,
    variants: [
      {
        name: 'the truth table',
        inputs: [
          { shape: [2, 1], dtype: 'bool', values: [0, 1] },
          { shape: [2], dtype: 'bool', values: [0, 1] },
        ],
        run: (a, b) => ops[name](a, b),
        reference: broadcastReference(f),
        gradient: false,
      },
    ],
    errors: [
      {
        name: 'numbers',
        run: () => ops[name](tensor([true]), tensor([1])),
        message: `${name}: expected b of dtype bool, received float32`,
      },
    ],
  })

export default [
  compare('equal', (a, b) => a === b),
  compare('notEqual', (a, b) => a !== b),
  compare('greater', (a, b) => a > b, [
    besideNumber('uint8 and −1', 'uint8', -1),
    besideNumber('uint8 and 300', 'uint8', 300),
    besideNumber('int32 and 3e9', 'int32', 3e9),
    besideNumber('int32 and a fraction', 'int32', 0.5),
    besideNumber('bool and 0', 'bool', 0),
  ]),
  compare('greaterEqual', (a, b) => a >= b),
  compare('less', (a, b) => a < b),
  compare('lessEqual', (a, b) => a <= b),
  logical('logicalAnd', (a, b) => a & b),
  logical('logicalOr', (a, b) => a | b),
  logical('logicalXor', (a, b) => a ^ b),
  opCase({
    op: 'logicalNot',
    variants: [
      {
        name: 'both',
        inputs: [{ shape: [2], dtype: 'bool', values: [0, 1] }],
        run: (x) => x.logicalNot(),
        reference: ({ shape, data }) => ({ shape, data: data.map((x) => 1 - x) }),
        gradient: false,
      },
    ],
  }),
]
