/** Indices are data: one that is out of range poisons the result. */
import { expect, test } from 'vitest'
import { KernelError, ops, tensor, zeros } from 'landbridge'

const ids = (...values: number[]) => tensor(Int32Array.from(values))

test('an index out of range fails at the next read, in one sentence', async () => {
  const y = ops.gather(tensor([1, 2, 3, 4, 5]), ids(1, 7))
  await expect(y.data()).rejects.toThrow(new KernelError('gather: expected indices from 0 to 4, received 7'))
  await expect(ops.mul(y, 2).data()).rejects.toThrow('gather: expected indices from 0 to 4, received 7')
})

test('negative indices do not count from the end', async () => {
  await expect(ops.gather(zeros([2, 3]), ids(-1), { axis: 1 }).data()).rejects.toThrow(
    'gather: expected indices from 0 to 2, received -1',
  )
})

test('an empty axis has no indices', async () => {
  await expect(ops.gather(zeros([0, 3]), ids(0)).data()).rejects.toThrow(
    'gather: expected no indices into an empty axis, received 0',
  )
})

test('scatterAdd writes nowhere else', async () => {
  await expect(ops.scatterAdd(zeros([3]), ids(3), tensor([1])).data()).rejects.toThrow(
    'scatterAdd: expected indices from 0 to 2, received 3',
  )
  await expect(ops.scatterAdd(zeros([3]), ids(-2147483648), tensor([1])).data()).rejects.toThrow(
    'scatterAdd: expected indices from 0 to 2, received -2147483648',
  )
})

test('oneHot and embedding refuse them as well', async () => {
  await expect(ops.oneHot(ids(2), { depth: 2 }).data()).rejects.toThrow(
    'oneHot: expected indices from 0 to 1, received 2',
  )
  await expect(ops.embedding(zeros([4, 2]), ids(4)).data()).rejects.toThrow(
    'embedding: expected indices from 0 to 3, received 4',
  )
})

test('ops of a list are no methods', () => {
  const x = zeros([1])
  expect('slice' in x).toBe(true)
  expect('concat' in x).toBe(false)
  expect('stack' in x).toBe(false)
})
