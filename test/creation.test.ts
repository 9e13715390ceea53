/** tensor, zeros, ones, full, arange, eye, and reading values back. */
import { describe, expect, test } from 'vitest'
import { arange, eye, full, ones, ops, tensor, zeros } from 'landbridge'

describe('tensor', () => {
  test('takes shape and dtype from nested arrays', async () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect([x.shape, x.dtype, x.rank, x.size, x.requiresGrad]).toEqual([[2, 3], 'float32', 2, 6, false])
    expect(await x.data()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
  })
  test.each([
    ['a number', tensor(2.5), [], 'float32', [2.5]],
    ['a boolean', tensor(true), [], 'bool', [1]],
    ['booleans', tensor([true, false]), [2], 'bool', [1, 0]],
    ['an Int32Array', tensor(Int32Array.of(-1, 2 ** 31 - 1)), [2], 'int32', [-1, 2 ** 31 - 1]],
    ['a Uint8Array', tensor(Uint8Array.of(0, 255)), [2], 'uint8', [0, 255]],
    ['a Uint8ClampedArray', tensor(Uint8ClampedArray.of(300)), [1], 'uint8', [255]],
    ['a Float64Array', tensor(Float64Array.of(0.1)), [1], 'float32', [Math.fround(0.1)]],
    ['nothing', tensor([]), [0], 'float32', []],
    ['rows of nothing', tensor([[], []]), [2, 0], 'float32', []],
    ['rows of typed arrays', tensor([Float32Array.of(1, 2), Float32Array.of(3, 4)]), [2, 2], 'float32', [1, 2, 3, 4]],
  ])('of %s', (_, x, shape, dtype, values) => {
    expect([x.shape, x.dtype, Array.from(x.dataSync())]).toEqual([shape, dtype, values])
  })
  test('takes a shape and a dtype', () => {
    const x = tensor([1, 0, 2, 255], { shape: [2, 2], dtype: 'uint8' })
    expect([x.shape, x.dtype, x.toArraySync()]).toEqual([
      [2, 2],
      'uint8',
      [
        [1, 0],
        [2, 255],
      ],
    ])
  })
  test('copies before it returns', () => {
    const source = Float32Array.of(1, 2)
    const x = tensor(source)
    source[0] = 9
    expect(Array.from(x.dataSync())).toEqual([1, 2])
    x.dataSync()[1] = 9
    expect(Array.from(x.dataSync())).toEqual([1, 2])
  })
  test('keeps NaN, infinities, the sign of zero and denormals', () => {
    const values = [NaN, Infinity, -Infinity, -0, 2 ** -149]
    expect(Array.from(tensor(values).dataSync())).toEqual(values)
  })
  test.each([
    [
      'rows of different length',
      () => tensor([[1, 2], [3]]),
      'tensor: expected arrays of 2 elements at depth 1, received 1',
    ],
    [
      'a number beside a row',
      () => tensor([[1, 2], 3]),
      'tensor: expected arrays nested equally deep, received a ragged array',
    ],
    [
      'a row beside a number',
      () => tensor([1, [2]]),
      'tensor: expected arrays nested equally deep, received a ragged array',
    ],
    [
      'NaN as int32',
      () => tensor([NaN], { dtype: 'int32' }),
      'tensor: expected integers from -2147483648 to 2147483647 for int32, received NaN',
    ],
    [
      'a fraction as int32',
      () => tensor([1.5], { dtype: 'int32' }),
      'tensor: expected integers from -2147483648 to 2147483647 for int32, received 1.5',
    ],
    [
      '2³¹ as int32',
      () => tensor([2 ** 31], { dtype: 'int32' }),
      'tensor: expected integers from -2147483648 to 2147483647 for int32, received 2147483648',
    ],
    [
      '−1 as uint8',
      () => tensor([-1], { dtype: 'uint8' }),
      'tensor: expected integers from 0 to 255 for uint8, received -1',
    ],
    ['2 as bool', () => tensor([2], { dtype: 'bool' }), 'tensor: expected integers from 0 to 1 for bool, received 2'],
    [
      'a shape of another size',
      () => tensor([1, 2, 3], { shape: [2, 2] }),
      'tensor: expected 4 values for shape [2, 2], received 3',
    ],
    [
      'a negative size',
      () => tensor([1], { shape: [-1] }),
      'tensor: expected a shape: an array of at most 8 integers ≥ 0, received [-1]',
    ],
    [
      'a fraction as size',
      () => zeros([1.5]),
      'zeros: expected a shape: an array of at most 8 integers ≥ 0, received [1.5]',
    ],
    [
      'nine axes',
      () => ones([1, 1, 1, 1, 1, 1, 1, 1, 1]),
      'ones: expected a shape: an array of at most 8 integers ≥ 0, received [1, 1, 1, 1, 1, 1, 1, 1, …]',
    ],
    [
      'a text',
      () => tensor('1' as never),
      'tensor: expected numbers, booleans, nested arrays or typed arrays, received "1"',
    ],
    [
      'an unknown dtype',
      () => tensor(1, { dtype: 'float64' as never }),
      'tensor: expected a dtype among float32, int32, uint8, bool, received "float64"',
    ],
    [
      'gradients of integers',
      () => tensor(Int32Array.of(1), { requiresGrad: true }),
      'tensor: expected dtype float32 with requiresGrad, received int32',
    ],
    [
      'a fraction to fill int32',
      () => full([2], 0.5, { dtype: 'int32' }),
      'full: expected integers from -2147483648 to 2147483647 for int32, received 0.5',
    ],
    [
      'a step of 0',
      () => arange(0, 3, { step: 0 }),
      'arange: expected finite numbers and a step other than 0, received 0, 3, step 0',
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ message }))
  })
})

describe('filled tensors', () => {
  test.each([
    ['zeros', zeros([2, 3]), [2, 3], 'float32', [0, 0, 0, 0, 0, 0]],
    ['ones of int32', ones([3], { dtype: 'int32' }), [3], 'int32', [1, 1, 1]],
    ['ones of bool', ones([2], { dtype: 'bool' }), [2], 'bool', [1, 1]],
    ['a scalar', full([], -2.5), [], 'float32', [-2.5]],
    ['nothing', zeros([0, 3]), [0, 3], 'float32', []],
    ['NaN', full([2], NaN), [2], 'float32', [NaN, NaN]],
    ['the largest uint8', full([2], 255, { dtype: 'uint8' }), [2], 'uint8', [255, 255]],
    ['eye', eye(2), [2, 2], 'float32', [1, 0, 0, 1]],
    ['eye of nothing', eye(0), [0, 0], 'float32', []],
    ['arange to 4', arange(4), [4], 'float32', [0, 1, 2, 3]],
    ['arange downwards', arange(3, 0, { step: -1, dtype: 'int32' }), [3], 'int32', [3, 2, 1]],
    ['arange in fractions', arange(0, 1, { step: 0.25 }), [4], 'float32', [0, 0.25, 0.5, 0.75]],
    ['an empty range', arange(3, 3), [0], 'float32', []],
  ])('%s', (_, x, shape, dtype, values) => {
    expect([x.shape, x.dtype, Array.from(x.dataSync())]).toEqual([shape, dtype, values])
  })
  test('many elements, every one of them', () => {
    expect(
      full([100_003], 7, { dtype: 'int32' })
        .dataSync()
        .every((value) => value === 7),
    ).toBe(true)
  })
  test('can require gradients', () => {
    const x = full([2], 3, { requiresGrad: true })
    x.square().sum().backward()
    expect(Array.from(x.grad?.dataSync() ?? [])).toEqual([6, 6])
  })
})

describe('reading', () => {
  test('nested arrays have the shape of the tensor', async () => {
    expect(await tensor(7).toArray()).toBe(7)
    expect(await tensor([[1], [2]]).toArray()).toEqual([[1], [2]])
    expect(zeros([2, 0]).toArraySync()).toEqual([[], []])
  })
  test('item reads tensors of one element alone', async () => {
    expect(await tensor([[4]]).item()).toBe(4)
    expect(tensor(4).itemSync()).toBe(4)
    expect(() => tensor([1, 2]).itemSync()).toThrow('expected a tensor of one element, received shape [2]')
    await expect((async () => tensor([]).item())()).rejects.toThrow(
      'expected a tensor of one element, received shape [0]',
    )
  })
  test('a disposed tensor says so', () => {
    const x = tensor([1, 2])
    x.dispose()
    x.dispose()
    expect(x.isDisposed).toBe(true)
    expect(x.shape).toEqual([2])
    expect(() => x.dataSync()).toThrow('disposed')
    expect(() => ops.neg(x)).toThrow('disposed')
  })
})
