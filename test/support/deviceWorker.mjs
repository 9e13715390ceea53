// Works on the emulated device in a worker: see test/cuda/environments.test.ts. Plain JavaScript on transpiled sources.
import { parentPort, workerData } from 'node:worker_threads'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const { folder, library, steps, size, milliseconds } = workerData
const load = (path) => import(pathToFileURL(join(folder, path)).href)
const { ops, ready, tensor } = await load('index.js')
const { openDevice } = await load('engine/devices.js')
const device = 'cuda-emulated'
openDevice(device, library)

const start = () => tensor(new Float32Array(size).fill(1), { device })
let x = start()
parentPort.postMessage('started')
const reads = []
for (let step = 0; step < steps; step++) {
  const next = ops.add(x, x)
  x.dispose()
  x = step % 20 === 19 ? start() : next
  if (milliseconds) reads.push(x.data())
  if (step % 10 === 9) await ready(device)
}
parentPort.postMessage([...(await x.data())])
