// Small training programs that scripts/figures.mjs measures and test/training/ holds to limits; `landbridge` is the
// package, built or transpiled. Steps release nothing by hand.

import { clearTimeout, setTimeout } from 'node:timers'

/** 8-16-1, on 32 samples of a smooth function. */
export function mlp({ manualSeed, nn, ops, optim, tensor }, { optimizer: make = (p) => new optim.Adam(p) } = {}) {
  manualSeed(1)
  const x = tensor(waves(32 * 8), { shape: [32, 8] })
  const y = x.square().sum({ axis: 1, keepDims: true }).mul(0.25)
  const model = new nn.Sequential(new nn.Linear(8, 16, { activation: 'relu' }), new nn.Linear(16, 1))
  return { model, step: stepper(model, make(model.parameters()), () => ops.mseLoss(model.call(x), y)) }
}

/** Two blocks with batch norm, a strided one beside its shortcut; 32 pictures of 16 x 16 in 10 classes. */
export function convnet({ manualSeed, nn, ops, optim, tensor }) {
  manualSeed(2)
  const x = tensor(waves(32 * 16 * 16 * 3), { shape: [32, 16, 16, 3] })
  const y = tensor(Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 10))
  const conv = (inputs, outputs, kernel, stride = 1) =>
    new nn.Conv2d({ in: inputs, out: outputs, kernel, stride, padding: (kernel - 1) / 2, bias: false })
  class Residual extends nn.Module {
    first = new nn.Sequential(conv(16, 32, 3, 2), new nn.BatchNorm(32), ops.relu)
    second = new nn.Sequential(conv(32, 32, 3), new nn.BatchNorm(32))
    shortcut = new nn.Sequential(conv(16, 32, 1, 2), new nn.BatchNorm(32))
    forward(input) {
      return ops.relu(ops.add(this.second.call(this.first.call(input)), this.shortcut.call(input)))
    }
  }
  const stem = [conv(3, 16, 3), new nn.BatchNorm(16), ops.relu]
  const head = [new nn.GlobalAvgPool2d(), new nn.Dropout(0.1), new nn.Linear(32, 10)]
  const model = new nn.Sequential(...stem, new Residual(), ...head)
  const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 })
  return { model, step: stepper(model, optimizer, () => ops.crossEntropy(model.call(x), y)) }
}

const waves = (size) => Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7 + Math.floor(i / 8)))

function stepper(model, optimizer, lossOf) {
  return () => {
    const loss = lossOf()
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  }
}

/** Runs `step` `steps` times in one synchronous loop; memory in MiB at the start and every hundredth of the way. */
export function footprint({ memory }, step, steps) {
  const marks = []
  for (let i = 0; i <= steps; i++) {
    if (i > 0) step()
    if (i % Math.ceil(steps / 100) !== 0) continue
    const { liveBytes, pooledBytes } = memory()
    const mib = (bytes) => bytes / 2 ** 20
    marks.push({ live: mib(liveBytes), pooled: mib(pooledBytes), rss: mib(process.memoryUsage().rss) })
  }
  return marks
}

/** How many milliseconds late a timer of 1 ms fires, again and again, while `work` runs; sorted. */
export async function lateness(work) {
  const late = []
  let timer
  const arm = () => {
    const armed = performance.now()
    timer = setTimeout(() => {
      late.push(performance.now() - armed - 1)
      arm()
    }, 1)
  }
  arm()
  await work()
  clearTimeout(timer)
  return late.sort((a, b) => a - b)
}

export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
