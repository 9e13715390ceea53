// Random programs on the CPU and on the emulated device side by side: see test/cuda/fuzz.test.ts. Plain JavaScript on
// transpiled sources; the main thread also runs a worker that does the same, and ends it at random.
import { setTimeout } from 'node:timers/promises'
import { getHeapSnapshot } from 'node:v8'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const options = isMainThread ? globalThis.fuzzed : workerData
const { folder, library, kernels, seed, steps, workers } = options
const load = (path) => import(pathToFileURL(join(folder, path)).href)
const { loadKernels, memory, ops, optim, ready, tensor, tidy } = await load('index.js')
const { openDevice } = await load('engine/devices.js')
const { execute, KernelTable } = await load('engine/execute.js')
const { deviceNumber, native } = await load('engine/native.js')
const { together } = await load('engine/together.js')
const { Tensor } = await load('engine/tensor.js')

const device = 'cuda-emulated'
openDevice(device, library)
loadKernels(kernels)

const tables = new Map()
function call(name, x, params = []) {
  if (!tables.has(name)) tables.set(name, new KernelTable(name))
  const [storage] = execute(tables.get(name), [x], [{ shape: x.shape, dtype: 'float32' }], params)
  return new Tensor(storage, x.shape, 'float32')
}
function order(number, value) {
  const x = tensor([0])
  const y = call('emulation', x, [options.numbers.indexOf(number), value])
  y.dataSync()
  for (const each of [x, y]) each.dispose()
}

// xorshift
let state = seed * 2654435761 + 1
function random(below) {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % below
}
const chance = (percent) => random(100) < percent
const pick = (list) => list[random(list.length)]
const trace = []

class OnPurpose extends Error {}
const isOut = (error) => /out of memory|fits in memory/.test(error.message)

/** A value on both sides. */
let pairs = []
const reads = new Set()
const dispose = ({ host, there }) => {
  for (const x of [host, there]) {
    x.grad?.dispose()
    x.dispose()
  }
}

function check(host, there, what) {
  for (let i = 0; i < host.length; i++) {
    const [a, b] = [host[i], there[i]]
    if (Object.is(a, b) || Math.abs(a - b) <= 1e-3 * (1 + Math.abs(a))) continue
    throw new Error(`${what}: element ${i} of ${host.length}: expected ${a}, received ${b}`)
  }
}

/** What `f` makes on each side; where the device has no room for it, nothing remains. */
function make(what, f) {
  trace.push(what)
  const host = f('cpu')
  try {
    pairs.push({ host, there: f(device) })
  } catch (error) {
    host.dispose()
    throw error
  }
}
const side = (pair, on) => (on === 'cpu' ? pair.host : pair.there)

function create() {
  const shape = [1 + random(6), 1 + random(chance(5) ? 3000 : 40)]
  const values = Float32Array.from({ length: shape[0] * shape[1] }, () => random(2000) / 1000 - 1)
  make('create', (on) => tensor(values, { shape, device: on }))
}

const unary = [
  (x) => ops.relu(x),
  (x) => ops.tanh(x),
  (x) => ops.softmax(x),
  (x) => ops.mul(x, 0.5),
  (x) => ops.sum(x, { axis: 0, keepDims: true }),
  (x) => ops.cumsum(x, { axis: 1 }),
  (x) => ops.sum(x, { axis: 1, keepDims: true }),
  (x) => ops.matmul(x, ops.transpose(x)),
  (x) => ops.transpose(x),
]

function compute() {
  const a = pick(pairs)
  const b = pick(pairs.filter(({ host }) => host.shape.join() === a.host.shape.join()))
  const which = random(unary.length + 2)
  if (which >= unary.length) make('binary', (on) => tidy(() => ops.tanh(ops.add(side(a, on), side(b, on)))))
  else if (which < unary.length - 2 || a.host.shape[0] * a.host.shape[1] < 500)
    make(`unary ${which}`, (on) => tidy(() => ops.tanh(unary[which](side(a, on)))))
}

const gathered = (x, indices, on) =>
  tidy(() => ops.gather(x, tensor(Int32Array.from(indices), { device: on }), { axis: 1 }))

function gather() {
  const a = pick(pairs)
  const indices = Array.from({ length: 1 + random(9) }, () => random(a.host.shape[1]))
  make('gather', (on) => gathered(side(a, on), indices, on))
}

/** The same value by way of scratch memory, of sizes that are seldom at hand. */
function scratch() {
  const a = pick(pairs)
  const size = a.host.size + random(3000)
  const copy = () => call('device_scratch', a.there, [size])
  make('scratch', (on) => (on === 'cpu' ? ops.stopGradient(a.host) : copy()))
}

/** The next read on the device tells of it, the result's own on the CPU. */
function badGather() {
  trace.push('bad gather')
  const { host, there } = pick(pairs)
  const indices = [0, host.shape[1] + random(5)]
  const outputs = [gathered(host, indices, 'cpu'), gathered(there, indices, device)]
  try {
    for (const x of [outputs[0], there]) {
      expectFailure(() => x.dataSync(), /gather/)
    }
  } finally {
    for (const x of outputs) x.dispose()
  }
}

function expectFailure(f, message) {
  try {
    f()
  } catch (error) {
    if (message.test(error.message)) return
    throw error
  }
  throw new Error(`expected a failure that matches ${message}`)
}

function failingKernel() {
  trace.push('failing kernel')
  const { there } = pick(pairs)
  const bad = call('device_fail', there)
  let next
  try {
    next = ops.add(bad, 1)
    expectFailure(() => (chance(50) ? bad : next).dataSync(), /on purpose/)
  } finally {
    for (const x of [bad, next]) x?.dispose()
  }
}

function readSync() {
  trace.push('read')
  const { host, there } = pick(pairs)
  check(host.dataSync(), there.dataSync(), 'read')
}

/** Of the value as it is now, whatever is done to the tensor next. */
function read() {
  trace.push('async read')
  const { host, there } = pick(pairs)
  const expected = host.dataSync()
  const promise = there.data().then(
    (values) => check(expected, values, 'async read'),
    (error) => {
      if (!isOut(error) && !/gather|on purpose/.test(error.message)) throw error
    },
  )
  promise.catch(() => undefined)
  reads.add(promise)
}

function back() {
  trace.push('to')
  const { host, there } = pick(pairs)
  const copy = ops.to(there, 'cpu')
  const again = ops.to(host, device)
  check(host.dataSync(), copy.dataSync(), 'to the CPU')
  check(host.dataSync(), again.dataSync(), 'to the device')
  for (const x of [copy, again]) x.dispose()
}

/** A step of an optimiser on fresh parameters, which are overwritten in place. */
function learn() {
  trace.push('learn')
  const a = pick(pairs)
  const width = 1 + random(8)
  const values = Float32Array.from({ length: width * a.host.shape[1] }, () => random(2000) / 1000 - 1)
  const shape = [a.host.shape[1], width]
  const train = (on) => {
    const w = tensor(values, { shape, device: on, requiresGrad: true })
    const optimizer = chance(50)
      ? new optim.SGD([w], { lr: 0.1, momentum: 0.9 })
      : new optim.Adam([w], { lr: 0.01, epsilon: 1 })
    try {
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad()
        const loss = tidy(() => ops.sum(ops.tanh(ops.matmul(side(a, on), w))))
        loss.backward()
        loss.dispose()
        if (i === 1 && chance(10)) throw new OnPurpose()
        optimizer.step()
      }
      w.grad?.dispose()
      return tidy(() => ops.mul(ops.stopGradient(w), 1))
    } finally {
      w.grad?.dispose()
      w.dispose()
    }
  }
  const start = state
  make('learned', (on) => ((state = start), train(on)))
}

function drop() {
  trace.push('dispose')
  const [pair] = pairs.splice(random(pairs.length), 1)
  dispose(pair)
}

function scope() {
  trace.push('tidy')
  tidy(() => {
    const { there } = pick(pairs)
    ops.add(ops.mul(there, 2), 1)
    if (chance(30)) throw new OnPurpose()
  })
}

/** As when an op has no kernel for the device. */
function noKernel() {
  trace.push('no kernel')
  const { there } = pick(pairs)
  expectFailure(() => execute(new KernelTable('nowhere'), [there], [{ shape: [1], dtype: 'float32' }], []), /expected/)
  expectFailure(() => native.run(-1), /expected/)
  const onHost = tensor([1])
  const mixed = () => execute(new KernelTable('device_fail'), [there, onHost], [{ shape: [1], dtype: 'float32' }], [])
  expectFailure(mixed, /received one on cpu/)
  onHost.dispose()
  throw new OnPurpose()
}

function capture() {
  trace.push('capture')
  if (chance(10)) order('invalidate captures', 1)
  if (chance(10)) order('refuse to begin', 1)
  together(device, () => {
    const short = chance(10)
    for (let count = random(12); count > 0; count--) {
      act(false)
      if (short && chance(30)) order('fail allocations', 1 + random(3))
    }
    if (chance(15)) throw new OnPurpose()
  })
  trace.push('captured')
}

function trouble() {
  trace.push('trouble')
  if (chance(50)) order('milliseconds per event', chance(60) ? 0 : 1 + random(4))
  else order('fail allocations', 1 + random(3))
}

const actions = [
  ...new Array(8).fill(compute),
  ...new Array(3).fill(create),
  ...new Array(3).fill(gather),
  ...new Array(2).fill(scratch),
  ...[read, read, readSync, back, learn, learn, drop, drop, scope, badGather, failingKernel, noKernel],
]

function act(outside) {
  if (pairs.length < 3) create()
  while (pairs.length > 30) drop()
  if (outside && chance(20)) capture()
  else if (outside && chance(3)) trouble()
  else pick(actions)()
}

/** After memory was out, which values came to be depends on the device alone. */
async function recover() {
  await settle()
  if (isMainThread) order('fail allocations', 0)
  for (const pair of pairs.splice(0)) dispose(pair)
}

async function settle() {
  await Promise.all(reads)
  reads.clear()
  for (const each of ['cpu', device]) await native.fence(deviceNumber[each])
  while (native.takeFailure() !== undefined);
}

async function step() {
  try {
    act(true)
    if (chance(5)) await ready(device)
    if (chance(3)) await settle()
  } catch (error) {
    if (isOut(error)) await recover()
    else if (!(error instanceof OnPurpose)) throw error
  }
}

let worker
const WORKER = `import(${JSON.stringify(import.meta.url)})`
async function mayUseWorker() {
  if (worker === undefined && chance(4)) {
    worker = new Worker(WORKER, {
      eval: true,
      workerData: { ...options, workers: false, steps: Infinity, seed: random(1e6) },
    })
    worker.failed = undefined
    worker.on('error', (error) => (worker.failed = error))
  } else if (worker !== undefined && chance(3)) await endWorker()
}
async function endWorker() {
  await worker.terminate()
  if (worker.failed) throw worker.failed
  worker = undefined
}

async function program() {
  state = seed * 2654435761 + 1
  for (let i = 0; i < steps; i++) {
    try {
      await step()
      if (workers) await mayUseWorker()
    } catch (error) {
      const where = `seed ${seed}, step ${i}${isMainThread ? '' : ', worker'}, after ${trace.slice(-25).join(', ')}`
      error.message += ` (${where})`
      throw error
    }
    trace.splice(0, trace.length - 60)
  }
  if (worker) await endWorker()
  await recover()
  // Graph nodes and the optimisers' state are the collector's, which leaves nothing over for a snapshot.
  getHeapSnapshot().resume()
  await setTimeout(50)
  return memory(device).liveBuffers
}

// Twice the same: numbers that ops keep as tensors are kept from the first time on.
const left = [await program(), await program()]
if (isMainThread) console.log(JSON.stringify(left))
