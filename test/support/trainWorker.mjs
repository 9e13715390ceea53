// Trains without end, or for some steps, in a worker: see environments.test.ts. Plain JavaScript on transpiled sources.
import { parentPort, workerData } from 'node:worker_threads'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const { folder, steps, blocking } = workerData
const { ops, tensor, ready } = await import(pathToFileURL(join(folder, 'index.js')).href)

const values = (size, seed) => Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.7 + seed))
let w = tensor(values(64 * 32, 1), { shape: [64, 32], requiresGrad: true })
const x = tensor(values(128 * 64, 2), { shape: [128, 64] })
const y = tensor(values(128 * 64, 3), { shape: [128, 64] })

parentPort.postMessage('started')
let loss
for (let step = 0; step < steps; step++) {
  loss = ops.mmd(ops.matmul(x, w), ops.matmul(y, w))
  loss.backward()
  const next = ops.sub(w.stopGradient(), ops.mul(w.grad, 0.1))
  next.requiresGrad = true
  w = next
  if (!blocking) await ready()
  else if (step % 50 === 49) loss.dataSync()
}
const result = [await loss.item(), ...(await w.data())]
parentPort.postMessage(result)
