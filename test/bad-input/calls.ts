/** For every op: a call that works, whose parts the tests then spoil one by one. */
import { ops, tensor, type DType, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'

export type OpName = keyof typeof ops

export interface Call {
  tensors: () => Tensor[]
  /** Given as one array. */
  list?: boolean
  options?: Record<string, unknown>
}

const random = seeded(1)
const make = (shape: readonly number[], dtype: DType = 'float32', below = 2): Tensor => {
  const size = shape.reduce((a, b) => a * b, 1)
  const draw = () => (dtype === 'float32' ? 0.1 + 0.8 * random() : Math.floor(random() * below))
  return tensor(Float64Array.from({ length: size }, draw), { shape, dtype, requiresGrad: dtype === 'float32' })
}
const floats =
  (...shapes: number[][]) =>
  () =>
    shapes.map((shape) => make(shape))
const bools = (count: number) => () => Array.from({ length: count }, () => make([2, 3], 'bool'))

const binary: OpName[] = [
  ...(['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'mod', 'floorDiv', 'atan2'] as const),
  ...(['equal', 'notEqual', 'greater', 'greaterEqual', 'less', 'lessEqual'] as const),
  ...(['mseLoss', 'l1Loss', 'huberLoss', 'klDiv', 'binaryCrossEntropy', 'binaryCrossEntropyWithLogits'] as const),
]

const special: Partial<Record<OpName, Call>> = {
  ...Object.fromEntries(binary.map((name) => [name, { tensors: floats([2, 3], [2, 3]) }])),
  ...Object.fromEntries(['logicalAnd', 'logicalOr', 'logicalXor'].map((name) => [name, { tensors: bools(2) }])),
  logicalNot: { tensors: bools(1) },
  any: { tensors: bools(1) },
  all: { tensors: bools(1) },
  where: { tensors: () => [make([2, 3], 'bool'), make([2, 3]), make([2, 3])] },
  matmul: { tensors: floats([2, 3], [3, 4]) },
  linear: { tensors: floats([2, 3], [3, 4], [4]) },
  mmd: { tensors: floats([4, 3], [5, 3]) },
  coral: { tensors: floats([4, 3], [5, 3]) },
  concat: { tensors: floats([2, 3], [2, 3]), list: true },
  stack: { tensors: floats([2, 3], [2, 3]), list: true },
  conv1d: { tensors: floats([2, 5, 4], [3, 4, 4], [4]) },
  conv2d: { tensors: floats([2, 5, 5, 4], [3, 3, 4, 4], [4]) },
  convTranspose2d: { tensors: floats([2, 5, 5, 4], [3, 3, 4, 4], [4]) },
  maxPool2d: { tensors: floats([2, 5, 5, 4]), options: { kernel: 2 } },
  avgPool2d: { tensors: floats([2, 5, 5, 4]), options: { kernel: 2 } },
  globalAvgPool2d: { tensors: floats([2, 5, 5, 4]) },
  globalMaxPool2d: { tensors: floats([2, 5, 5, 4]) },
  lstm: { tensors: floats([2, 3, 4], [4, 8], [2, 8], [8], [2, 2], [2, 2]) },
  gru: { tensors: floats([2, 3, 4], [4, 6], [2, 6], [8], [2, 2]) },
  batchNorm: { tensors: floats([4, 3], [3], [3], [3], [3]) },
  layerNorm: { tensors: floats([4, 3], [3], [3]) },
  embedding: { tensors: () => [make([4, 3]), make([5], 'int32', 4)] },
  gather: { tensors: () => [make([4, 3]), make([5], 'int32', 4)] },
  scatterAdd: { tensors: () => [make([4, 3]), make([5], 'int32', 4), make([5, 3])] },
  oneHot: { tensors: () => [make([5], 'int32', 4)], options: { depth: 4 } },
  crossEntropy: { tensors: () => [make([4, 3]), make([4], 'int32', 3), make([3])] },
  cast: { tensors: floats([2, 3]), options: { dtype: 'int32' } },
  reshape: { tensors: floats([2, 3]), options: { shape: [3, 2] } },
  broadcastTo: { tensors: floats([2, 3]), options: { shape: [4, 2, 3] } },
  split: { tensors: floats([2, 3]), options: { count: 2 } },
  tile: { tensors: floats([2, 3]), options: { repeats: [2, 1] } },
  pad: {
    tensors: floats([2, 3]),
    options: {
      padding: [
        [1, 1],
        [0, 2],
      ],
    },
  },
  clamp: { tensors: floats([2, 3]), options: { min: 0.2 } },
  slice: { tensors: floats([2, 3]), options: { start: [0, 1] } },
}

/** Ops that are not listed take one float32 tensor. */
export const callOf = (name: OpName): Call => special[name] ?? { tensors: floats([2, 3]) }

/** Every op but `to`, which takes a device by its place: surface.test.ts has it. */
export const opNames = (Object.keys(ops) as OpName[]).filter((name) => name !== 'to')

/** Calls an op without the help of its types. */
export function run(name: OpName, ...args: unknown[]): unknown {
  return (ops[name] as (...args: unknown[]) => unknown)(...args)
}

/** The arguments of a call from its tensors (or what stands in their place) and options. */
export function argumentsOf(call: Call, tensors: readonly unknown[], options: unknown): unknown[] {
  const given = call.list ? [tensors] : tensors
  return options === undefined ? [...given] : [...given, options]
}
