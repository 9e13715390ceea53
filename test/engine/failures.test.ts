/** Errors inside kernels: who hears of them, and what stays whole. */
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { KernelError, ops, ready, tensor } from 'landbridge'
import { native } from '../../src/engine/native.js'
import { takeFailure } from '../../src/engine/autograd.js'
import { call, callInPlace, loadTestKernels, sleep } from '../support/kernels.js'

beforeAll(loadTestKernels)
beforeEach(async () => {
  await native.fence(0)
  native.takeFailure()
})

const onPurpose = 'test_fail: on purpose'

test('reading the output of a failed kernel rejects with its name', async () => {
  const bad = call('test_fail', [tensor([1])])
  await expect(bad.data()).rejects.toThrow(new KernelError(onPurpose))
  expect(() => bad.dataSync()).toThrow(new KernelError(onPurpose))
})

test('what depends on a failed kernel is skipped and names the first op that failed', async () => {
  const bad = call('test_fail_if', [tensor([1])], [1])
  const later = call('test_fail', [ops.add(bad, 1)])
  await expect(later.data()).rejects.toThrow('test_fail_if: as asked')
})

test('independent values stay sound', async () => {
  const x = tensor([1, 2])
  const bad = call('test_fail', [x])
  const good = ops.add(x, 1)
  await expect(bad.data()).rejects.toThrow(onPurpose)
  expect(await good.data()).toEqual(Float32Array.of(2, 3))
  expect(await x.data()).toEqual(Float32Array.of(1, 2))
})

test('in-place targets of skipped jobs stay as they were', async () => {
  const w = tensor([1, 2])
  const shared = tensor([3, 4])
  const other = shared.alias()
  const bad = call('test_fail', [w])
  callInPlace('test_add_to', [w, bad])
  callInPlace('test_add_to', [shared, bad]) // held by two: the step gave it a fresh block
  await expect(bad.data()).rejects.toThrow(onPurpose)
  expect(await w.data()).toEqual(Float32Array.of(1, 2))
  expect(await shared.data()).toEqual(Float32Array.of(3, 4))
  expect(await other.data()).toEqual(Float32Array.of(3, 4))
})

test('a target with a fresh block keeps its value even when the kernel fails after writing', async () => {
  const w = tensor([1, 2])
  const other = w.alias()
  callInPlace('test_fail_late', [w])
  await native.fence(0)
  expect(native.takeFailure()).toBe('test_fail_late: too late')
  expect(await w.data()).toEqual(Float32Array.of(1, 2))
  expect(await other.data()).toEqual(Float32Array.of(1, 2))
})

test('a block that held a failed value serves later values', async () => {
  for (let i = 0; i < 50; i++) {
    const bad = call('test_fail', [tensor([1])])
    await expect(bad.data()).rejects.toThrow(onPurpose)
    bad.dispose()
    const good = call('test_append', [tensor([i])], [1])
    expect(await good.data()).toEqual(Float32Array.of(10 * i + 1))
    good.dispose()
  }
})

test('C++ exceptions become errors, in the kernel and in its chunks', async () => {
  for (const name of ['test_throw', 'test_throw_in_chunk']) {
    const bad = call(name, [tensor([1])])
    await expect(bad.data()).rejects.toThrow(`${name}: the kernel threw a C++ exception`)
  }
})

test('a workspace that memory cannot hold fails the call', async () => {
  for (const count of [2 ** 52, -1, 2 ** 62]) {
    const bad = call('test_workspace', [tensor([1])], [count])
    await expect(bad.data()).rejects.toThrow('test_workspace: out of memory for its workspace')
  }
  expect(call('test_workspace', [tensor([1])], [10]).itemSync()).toBe(10)
})

test('ready throws an error that nobody read, once', async () => {
  call('test_fail', [tensor([1])])
  await native.fence(0)
  await expect(ready()).rejects.toThrow(new KernelError(onPurpose))
  await ready()
})

test('backward throws an error that nobody read, once', async () => {
  const w = tensor([1, 2], { requiresGrad: true })
  call('test_fail', [tensor([1])])
  await native.fence(0)
  expect(() => ops.sum(w).backward()).toThrow(onPurpose)
  ops.sum(w).backward()
  expect(w.grad?.dataSync()).toEqual(Float32Array.of(1, 1))
})

test('the next read throws an error that nobody read, once, even when its own value is sound', async () => {
  const x = tensor([1])
  call('test_fail', [x])
  expect(() => x.dataSync()).toThrow(onPurpose)
  expect(x.dataSync()).toEqual(Float32Array.of(1))
  call('test_fail', [x])
  await expect(x.data()).rejects.toThrow(onPurpose)
  expect(await x.data()).toEqual(Float32Array.of(1))
})

test('a read before the failing call, in the order of calls, is not troubled by it', async () => {
  const slow = sleep(tensor([1]), 30)
  const read = slow.data()
  call('test_fail', [slow])
  expect(await read).toEqual(Float32Array.of(1))
})

test('an error that was read is not thrown again', async () => {
  const bad = call('test_fail', [tensor([1])])
  await expect(bad.data()).rejects.toThrow(onPurpose)
  await ready()
  takeFailure()
})

test('many unread errors are one report, and the oldest', async () => {
  call('test_fail_if', [tensor([1])], [1])
  for (let i = 0; i < 500; i++) call('test_fail', [tensor([1])]).dispose()
  await native.fence(0)
  expect(() => takeFailure()).toThrow('test_fail_if: as asked')
  takeFailure()
})
