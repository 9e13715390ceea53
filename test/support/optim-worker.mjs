// Trains a convolution net with Adam in a worker, for some steps or without end: see training/workers.test.ts.
import { parentPort, workerData } from 'node:worker_threads'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { convnet } from '../../scripts/programs.mjs'

const { folder, steps } = workerData
const landbridge = await import(pathToFileURL(join(folder, 'index.js')).href)
const { model, step } = convnet(landbridge)
const losses = []
for (let i = 0; i < steps; i++) {
  const loss = landbridge.tidy(step)
  losses.push(await loss.item())
  if (i === 0) parentPort.postMessage('started')
}
const weights = await Promise.all(model.parameters().map((parameter) => parameter.data()))
parentPort.postMessage({ losses, weights: weights.flatMap((each) => [...each]) })
