/**
 * From clean digits to a camera that sees them dim, blurred and noisy: labels of the first domain, pictures alone of the
 * second. An alignment makes the features of both look alike; `transfer.predict` scores held-back target pictures.
 */
import { manualSeed, nn, ops, tensor, transfer, type Tensor } from 'landbridge'
import { device } from './support/device.js'
import { loadDigits, type Digits } from './support/digits.js'

const { train, test } = await loadDigits()
const images = (pixels: Float32Array): Tensor => tensor(pixels, { shape: [pixels.length / 64, 8, 8, 1] })

let state = 1
const random = () => (state = (state * 48271) % 2147483647) / 2147483647 // MINSTD (Park and Miller 1988)

/** Each pixel: the mean with its right neighbour, at less contrast on a bright ground, with noise. */
function camera({ pixels }: Digits): Float32Array {
  return pixels.map((each, i) => {
    const beside = i % 8 === 7 ? 0 : (pixels[i + 1] ?? 0)
    return 0.3 + 0.2 * (each + beside) + 0.2 * (random() - 0.5)
  })
}

const half = Math.floor(train.count / 2) * 64
const source = { x: images(train.pixels.subarray(0, half)), y: tensor(train.labels.subarray(0, half / 64)) }
const validation = { x: images(train.pixels.subarray(half)), y: tensor(train.labels.subarray(half / 64)) }
const target = { x: images(camera(train)) }
const held = images(camera(test))

// With the smaller default, features start so close together that mmd, whose bandwidth follows their spread and whose
// gradient goes with 1/spread, drowns the task's gradient, and they never grow.
const initializer = nn.init.kaimingUniform

function newModel(): transfer.Model {
  manualSeed(0)
  const conv = (inputs: number, outputs: number) =>
    new nn.Conv2d({ in: inputs, out: outputs, kernel: 3, padding: 'same', initializer })
  const features = new nn.Sequential(
    ...[conv(1, 16), ops.relu, new nn.MaxPool2d({ kernel: 2 })],
    ...[conv(16, 32), ops.relu, new nn.Flatten()],
    new nn.Linear(4 * 4 * 32, 64, { activation: 'relu', initializer }),
  )
  return { features, head: new nn.Linear(64, 10) }
}

async function accuracy(model: transfer.Model, x: Tensor): Promise<number> {
  const logits = await transfer.predict(model, x)
  const classOf = (row: number) => {
    const scores = logits.subarray(row * 10, row * 10 + 10)
    return scores.indexOf(Math.max(...scores))
  }
  return (100 * test.labels.filter((label, row) => label === classOf(row)).length) / test.count
}

const common = { device, loss: ops.crossEntropy, source, validation, epochs: 25, patience: 25, batchSize: 64 }
const results: Record<string, number> = {}
for (const method of [undefined, transfer.align.coral(), transfer.align.mmd()]) {
  const model = newModel()
  const { bestEpoch } = await (method
    ? transfer.fit({ ...common, model, target, method })
    : transfer.fit({ ...common, model }))
  const name = method?.name ?? 'source-only'
  results[name] = await accuracy(model, held)
  const clean = await accuracy(model, images(test.pixels))
  console.log(
    `${name}: target ${results[name].toFixed(1)} %, source ${clean.toFixed(1)} % (epoch ${bestEpoch} of 25 kept)`,
  )
}
if (!((results.mmd ?? 0) > (results['source-only'] ?? 100))) throw new Error('expected that mmd helps here')
