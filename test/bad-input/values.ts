/** What a careless caller passes. Made anew by every call: some are spent by being looked at. */
import { ops, tensor, Tensor, zeros, type DType } from 'landbridge'
import { describe as described } from '../../src/engine/describe.js'

function disposed(): Tensor {
  const x = zeros([2, 3])
  x.dispose()
  return x
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const throwing = (key: string): object =>
  Object.defineProperty({}, key, {
    enumerable: true,
    get: () => {
      throw new RangeError('the getter failed')
    },
  })

function detached(): Float32Array {
  const values = new Float32Array(6)
  structuredClone(values.buffer, { transfer: [values.buffer] })
  return values
}

function circular(): unknown[] {
  const list: unknown[] = []
  list.push(list)
  return list
}

function holes(): number[] {
  const list: number[] = []
  list[2] = 1
  return list
}

export const noTensors = (): unknown[] => [
  ...[
    undefined,
    null,
    'x',
    '',
    true,
    {},
    () => 1,
    Symbol('s'),
    5n,
    [],
    [1, 2],
    holes(),
    circular(),
    NaN,
    Infinity,
    -0.5,
  ],
  ...[new Float32Array(6), new BigInt64Array(2), new Float32Array(new SharedArrayBuffer(24)), detached(), new Date(0)],
  ...[new Map(), Promise.resolve(1), disposed(), revoked({}), revoked([]), new Proxy(zeros([2, 3]), {}), /x/],
  ...[Object.create(Tensor.prototype) as unknown, structuredClone({ ...zeros([2]), storage: undefined }), Tensor, ops],
]

const dtypes: DType[] = ['float32', 'int32', 'uint8', 'bool']
const shapes = [
  [],
  [0],
  [3],
  [2, 3],
  [3, 2],
  [2, 0],
  [0, 3],
  [1, 5, 4],
  [2, 5, 0, 4],
  [0, 5, 5, 4],
  [1, 1, 1, 1, 1, 1, 1, 2],
]

/** Live tensors of every dtype, many shapes, sizes of 0. */
export const otherTensors = (): Tensor[] => [
  ...dtypes.flatMap((dtype) => shapes.map((shape) => zeros(shape, { dtype }))),
  tensor([0, 9, -1], { dtype: 'int32' }),
  tensor([NaN, Infinity, -Infinity]),
]

export const optionValues = (): unknown[] => [
  ...[null, '', 'x', 'same', true, {}, () => 1, Symbol('s'), 5n, NaN, Infinity, -Infinity, -0, -1, 0, 1, 2, 1.5, 99],
  ...[
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53,
    1e300,
    -1e300,
    [],
    [0],
    [0, 0],
    [-1, -1],
    [1.5, 1],
    ['a', 'b'],
    [null, null],
  ],
  ...[
    [2 ** 31, 2 ** 31],
    [2 ** 53, 2 ** 53],
    [1e300, 1e300],
    [NaN, 1],
    holes(),
    circular(),
    [[]],
    [[0, 0]],
    [99],
    [1, 2, 3],
  ],
  ...[
    [5n],
    [Symbol('s')],
    new Int32Array([0, 1]),
    zeros([2]),
    new Array(1e6),
    revoked([]),
    'float16',
    'toString',
    new Map(),
  ],
  ...[
    [2 ** 40, 2 ** 40, 0],
    [0, 2 ** 40],
    [1, 1, 1, 1, 1, 1, 1, 1, 1],
    [
      [2 ** 40, 1],
      [0, 0],
    ],
    [
      [1, 2 ** 53],
      [0, 0],
    ],
  ],
]

export const noOptions = (): unknown[] => [
  ...[null, 0, 1, 'axis', true, 5n, Symbol('s'), () => 1, [0], new Map([['axis', 0]]), new Date(0), new Int32Array(1)],
  ...[{ [Symbol('axis')]: 0 }, { unknown: 1 }, { constructor: 1 }, { toString: 1 }, throwing('axis'), revoked({})],
  ...[
    Object.create({ axis: 0 }) as unknown,
    JSON.parse('{"__proto__": 1}') as unknown,
    zeros([2]),
    { 'a\nb': 1 },
    { ['long'.repeat(1e4)]: 1 },
  ],
]

/** For the names of failing calls. */
export const nameOf = (value: unknown): string => (value === undefined ? 'undefined' : described(value))
