/** A classifier of handwritten digits: two linear layers, Adam, the loop written out. */
import { data, manualSeed, nn, noGrad, ops, optim, ready, tensor, tidy } from 'landbridge'
import { device } from './support/device.js'
import { loadDigits } from './support/digits.js'

manualSeed(0)
const { train, test } = await loadDigits()
const x = tensor(train.pixels, { shape: [train.count, 64], device })
const y = tensor(train.labels, { device })
const model = new nn.Sequential(new nn.Linear(64, 64, { activation: 'relu' }), new nn.Linear(64, 10)).to(device)
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 })
const order = data.batches({ count: train.count, batchSize: 64 })

/** One step; `tidy` releases everything that it made, except the loss. */
function step(indices: Int32Array) {
  return tidy(() => {
    const rows = tensor(indices, { device })
    const loss = ops.crossEntropy(model.call(x.gather(rows)), y.gather(rows))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    return loss
  })
}

for (let epoch = 1; epoch <= 20; epoch++) {
  let last
  for (const indices of order.epoch()) {
    last?.dispose()
    last = step(indices)
    await ready(device) // lets the event loop run, and no more than two steps wait in the queue
  }
  if (epoch % 5 === 0) console.log(`epoch ${epoch}: loss ${(await last?.item())?.toFixed(4)}`)
}

const held = tensor(test.pixels, { shape: [test.count, 64], device })
const right = noGrad(() => model.eval().call(held).argMax({ axis: -1 }).equal(tensor(test.labels, { device })))
const accuracy = await right.cast({ dtype: 'float32' }).mean().item()
console.log(`accuracy on ${test.count} held-back digits: ${(100 * accuracy).toFixed(1)} %`)
if (!(accuracy > 0.9)) throw new Error('expected more than 90 %')
