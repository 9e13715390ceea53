/** What only large tensors do: outputs that go past the cache, long runs in parts, the same bits on any number of threads. */
import { expect, test } from 'vitest'
import { ops, setThreads, tensor, tidy, type Tensor } from 'landbridge'

const large = 8_400_007 // floats: more than 32 MB, and no multiple of a buffer
const wave = (size: number) => Float32Array.from({ length: size }, (_, i) => ((i * 37) % 1009) / 64 - 7)

/** Checks every element against f(index). */
function expectEach(y: Tensor, f: (i: number) => number): void {
  const values = y.dataSync()
  const wrong = values.findIndex((value, i) => !Object.is(value, Math.fround(f(i))))
  expect(wrong, wrong < 0 ? '' : `${values[wrong]} in place of ${f(wrong)}`).toBe(-1)
}

test('outputs past the cache', () => {
  tidy(() => {
    const values = wave(large)
    const x = tensor(values)
    expectEach(ops.add(x, x), (i) => 2 * (values[i] as number))
    expectEach(ops.relu(x), (i) => Math.max(0, values[i] as number))
    expectEach(ops.cast(x, { dtype: 'int32' }), (i) => Math.trunc(values[i] as number) + 0)
  })
})

test('outputs past the cache, of broadcast rows', () => {
  tidy(() => {
    const values = wave(131_072 * 65)
    for (const inner of [1, 5, 65, 64 * 65]) {
      const x = tensor(values, { shape: [values.length / inner, inner] })
      const rowValues = wave(inner)
      const row = tensor(rowValues)
      expectEach(ops.sub(x, row), (i) => (values[i] as number) - (rowValues[i % inner] as number))
      row.dispose()
    }
  })
})

const total = (values: Float32Array, begin: number, end: number) => {
  let sum = 0
  for (let i = begin; i < end; i++) sum += values[i] as number
  return sum
}

test('running sums of a long run', () => {
  tidy(() => {
    const values = wave(100_003)
    const forward = ops.cumsum(tensor(values)).dataSync()
    const backward = ops.cumsum(tensor(values), { reverse: true, exclusive: true }).dataSync()
    for (const at of [0, 255, 256, 32_767, 32_768, 65_536, 100_002]) {
      expect(forward[at]).toBe(Math.fround(total(values, 0, at + 1)))
      expect(backward[at]).toBe(Math.fround(total(values, at + 1, values.length)))
    }
  })
})

test('the same bits on one thread and on three', () => {
  const shape = [4, 57, 57, 64]
  const values = wave(4 * 57 * 57 * 64)
  const results = [1, 3].map((threads) => {
    setThreads(threads)
    return tidy(() => {
      const x = tensor(values, { shape })
      const all = [
        ops.sum(x, { axis: [0, 1, 2] }),
        ops.sum(x, { axis: [1, 3] }),
        ops.sum(x),
        ops.batchNorm(x, { training: true }),
        ops.softmax(x),
        ops.layerNorm(x),
        ops.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
        ops.cumsum(x.reshape({ shape: [-1] })),
      ]
      return all.map((y) => y.dataSync())
    })
  })
  expect(results[1]).toEqual(results[0])
})
