/** A small convolution net on digits, with a timer that shows that the event loop lives while kernels run. */
import { data, manualSeed, nn, noGrad, ops, optim, ready, tensor, tidy, type Tensor } from 'landbridge'
import { device } from './support/device.js'
import { loadDigits, type Digits } from './support/digits.js'

manualSeed(0)
const { train, test } = await loadDigits()
const images = ({ count, pixels }: Digits) => tensor(pixels, { shape: [count, 8, 8, 1], device })
const [x, y] = [images(train), tensor(train.labels, { device })]

const block = (inputs: number, outputs: number) => [
  new nn.Conv2d({ in: inputs, out: outputs, kernel: 3, padding: 'same', bias: false }),
  new nn.BatchNorm(outputs),
  ops.relu,
  new nn.MaxPool2d({ kernel: 2 }),
]
const model = new nn.Sequential(
  ...block(1, 16),
  ...block(16, 32),
  new nn.Flatten(),
  new nn.Dropout(0.25),
  new nn.Linear(2 * 2 * 32, 10),
).to(device)
const epochs = 8
const order = data.batches({ count: train.count, batchSize: 64, dropLast: true })
const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-3 })
const schedule = optim.schedule.cosine(optimizer, { totalSteps: epochs * order.batchesPerEpoch })

function step(indices: Int32Array): Tensor {
  return tidy(() => {
    const rows = tensor(indices, { device })
    const loss = ops.crossEntropy(model.call(x.gather(rows)), y.gather(rows))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    schedule.step()
    return loss
  })
}

async function accuracy(): Promise<number> {
  const logits = noGrad(() => model.eval().call(images(test)))
  model.train()
  const classes = await logits.argMax({ axis: -1 }).data()
  return classes.filter((each, i) => each === test.labels[i]).length / test.count
}

let ticks = 0
const timer = setInterval(() => ticks++, 1)
const started = performance.now()
for (let epoch = 1; epoch <= epochs; epoch++) {
  let total = 0
  for (const indices of order.epoch()) {
    using loss = step(indices)
    total += await loss.item()
  }
  const mean = (total / order.batchesPerEpoch).toFixed(4)
  console.log(`epoch ${epoch}: loss ${mean}, accuracy ${(100 * (await accuracy())).toFixed(1)} %`)
}
await ready(device)
clearInterval(timer)
console.log(`a 1 ms timer fired ${ticks} times in ${(performance.now() - started).toFixed(0)} ms of training`)
if (!((await accuracy()) > 0.95)) throw new Error('expected more than 95 %')
