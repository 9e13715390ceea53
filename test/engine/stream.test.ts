/** What a program can rely on: order, values, copies. */
import { beforeAll, expect, test } from 'vitest'
import { memory, noGrad, ones, ops, tensor, tidy } from 'landbridge'
import { call, callInPlace, loadTestKernels, sleep } from '../support/kernels.js'

beforeAll(loadTestKernels)

test('kernels run in the order in which they were called', async () => {
  const x = tensor([0])
  for (const digit of [3, 1, 4, 1, 5, 9]) callInPlace('test_append', [x], [digit])
  expect(await x.data()).toEqual(Float32Array.of(314159))
})

test('a call returns before its kernel has run, and the values come when it has', async () => {
  const started = performance.now()
  const y = sleep(tensor([7]), 200)
  expect(performance.now() - started).toBeLessThan(150)
  expect(await y.data()).toEqual(Float32Array.of(7))
  expect(performance.now() - started).toBeGreaterThan(195)
})

test('waiting for values does not stall timers', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  await sleep(tensor([7]), 150).data()
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(5)
})

test('the graph keeps the weights that the forward pass saw, whatever a step writes meanwhile', () => {
  const w = tensor([2, 3], { requiresGrad: true })
  const loss = ops.sum(ops.mul(w, w))
  callInPlace('test_add_to', [w, tensor([100, 100])])
  loss.backward()
  expect(w.grad?.dataSync()).toEqual(Float32Array.of(4, 6))
  expect(w.dataSync()).toEqual(Float32Array.of(102, 103))
})

test('a step overwrites the block of a weight that nobody else holds', () => {
  const w = tensor([2, 3])
  const one = tensor([1, 1])
  const before = memory().liveBuffers
  const storage = w.storage
  callInPlace('test_add_to', [w, one])
  expect(w.storage).toBe(storage)
  expect(memory().liveBuffers).toBe(before)
  expect(w.dataSync()).toEqual(Float32Array.of(3, 4))
})

test('a tensor given as both target and operand is read before it is replaced', () => {
  const w = tensor([2, 3])
  callInPlace('test_add_to', [w, w])
  expect(w.dataSync()).toEqual(Float32Array.of(4, 6))
})

test('two outputs are written in place', () => {
  const a = tensor([1, 2])
  const b = tensor([3, 4])
  callInPlace('test_swap', [a, b], [], 2)
  expect([...a.dataSync(), ...b.dataSync()]).toEqual([3, 4, 1, 2])
})

test('a tensor copies its array before the call returns', async () => {
  const source = Float32Array.of(1, 2, 3)
  const blocked = sleep(tensor([0]), 50)
  const x = tensor(source)
  const y = call('test_append', [x], [0])
  source.fill(-1)
  expect(await y.data()).toEqual(Float32Array.of(10, 20, 30))
  expect(await x.data()).toEqual(Float32Array.of(1, 2, 3))
  await blocked.data()
})

test('a read is a copy at its place in the stream', async () => {
  const x = tensor([1])
  sleep(x, 50)
  const early = x.data()
  callInPlace('test_append', [x], [2])
  const late = x.data()
  x.dispose()
  const reuse = Array.from({ length: 8 }, () => tensor([99])) // whatever serves these blocks must not be seen
  expect([await early, await late]).toEqual([Float32Array.of(1), Float32Array.of(12)])
  const values = await tensor([5]).data()
  values[0] = 6
  expect(reuse[0]?.dataSync()).toEqual(Float32Array.of(99))
})

test('a disposed input still serves the jobs that were queued before', async () => {
  const x = ones([1000])
  const slow = sleep(x, 30)
  const y = call('test_append', [x], [5])
  x.dispose()
  for (let i = 0; i < 20; i++) call('test_append', [tensor(new Float32Array(1000))], [7]).dispose()
  expect(new Set(await y.data())).toEqual(new Set([15]))
  await slow.data()
})

test('strided kernels receive broadcast inputs with stride 0', async () => {
  const { native } = await import('../../src/engine/native.js')
  const { execute, KernelTable } = await import('../../src/engine/execute.js')
  const table = new KernelTable('test_strided')
  const x = tensor([[1], [2]])
  const outputs = [
    { shape: [3, 2, 2], dtype: 'float32' as const },
    { shape: [3], dtype: 'float32' as const },
  ]
  const [values, strides] = execute(table, [x], outputs, [])
  const read = (storage: typeof values, size: number) =>
    storage ? [...native.readSync(storage.handle, new Float32Array(size))] : []
  expect(read(values, 12)).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2])
  expect(read(strides, 3)).toEqual([0, 1, 0])
})

test('workspaces are aligned, apart, and back in the pool after the kernel', () => {
  const x = tensor([0])
  expect(call('test_workspace', [x], [100_000]).itemSync()).toBe(100_000)
  const before = memory().pooledBytes
  for (let i = 0; i < 20; i++) expect(call('test_workspace', [x], [100_000]).itemSync()).toBe(100_000)
  expect(memory().pooledBytes - before).toBeLessThan(100_000)
})

test('tidy and noGrad refuse functions that return promises', () => {
  expect(() => tidy(async () => tensor([1]))).toThrow(
    'tidy: expected a synchronous function, received one that returned a promise',
  )
  expect(() => noGrad(() => Promise.reject(new Error('hidden')))).toThrow('noGrad: expected a synchronous function')
  const thenable = { then: () => undefined }
  expect(() => tidy(() => thenable)).toThrow('tidy: expected a synchronous function')
})
