/** A ResNet-20 trained elsewhere (PyTorch, CIFAR-10): its weights from a safetensors file, scored on 1,000 pictures. */
import { readFileSync } from 'node:fs'
import { io, nn, noGrad, tensor, tidy, type Tensor } from 'landbridge'
import { sharedFile } from './support/shared.js'

const conv = (inputs: number, outputs: number, stride = 1) =>
  new nn.Conv2d({ in: inputs, out: outputs, kernel: 3, stride, padding: 1, bias: false })

/** Two convolutions beside a shortcut; a wider block takes every other pixel and pads the channels with zeros. */
class Block extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.BatchNorm
  readonly conv2: nn.Conv2d
  readonly bn2: nn.BatchNorm

  constructor(
    readonly inputs: number,
    readonly outputs: number,
  ) {
    super()
    this.conv1 = conv(inputs, outputs, inputs === outputs ? 1 : 2)
    this.bn1 = new nn.BatchNorm(outputs)
    this.conv2 = conv(outputs, outputs)
    this.bn2 = new nn.BatchNorm(outputs)
  }

  forward(x: Tensor): Tensor {
    const y = this.bn2.call(this.conv2.call(this.bn1.call(this.conv1.call(x)).relu()))
    return y.add(this.shortcut(x)).relu()
  }

  private shortcut(x: Tensor): Tensor {
    const { inputs, outputs } = this
    if (inputs === outputs) return x
    const side = (outputs - inputs) / 2
    const none = [0, 0] as const
    return x.slice({ step: [1, 2, 2, 1] }).pad({ padding: [none, none, none, [side, side]] })
  }
}

class ResNet20 extends nn.Module {
  readonly conv1 = conv(3, 16)
  readonly bn1 = new nn.BatchNorm(16)
  readonly layer1 = new nn.Sequential(new Block(16, 16), new Block(16, 16), new Block(16, 16))
  readonly layer2 = new nn.Sequential(new Block(16, 32), new Block(32, 32), new Block(32, 32))
  readonly layer3 = new nn.Sequential(new Block(32, 64), new Block(64, 64), new Block(64, 64))
  readonly linear = new nn.Linear(64, 10)

  forward(x: Tensor): Tensor {
    const first = this.bn1.call(this.conv1.call(x)).relu()
    const features = this.layer3.call(this.layer2.call(this.layer1.call(first)))
    return this.linear.call(features.globalAvgPool2d())
  }
}

/** PyTorch's name and layout to ours: [out, in, h, w] becomes [h, w, in, out], [out, in] becomes [in, out]. */
function translated(name: string, value: Tensor): [string, Tensor] {
  if (value.rank === 4) return [name, value.transpose({ perm: [2, 3, 1, 0] })]
  if (value.rank === 2) return [name, value.transpose()]
  const own = name
    .replace(/(bn\d)\.weight$/, '$1.gamma')
    .replace(/(bn\d)\.bias$/, '$1.beta')
    .replace('running_mean', 'runningMean')
    .replace('running_var', 'runningVar')
  return [own, value]
}

const [MEAN, STD] = [tensor([0.485, 0.456, 0.406]), tensor([0.229, 0.224, 0.225])]
const RECORD = 1 + 3 * 32 * 32

/** Records of a label and three planes, to [n, 32, 32, 3] as the network was trained on. */
function pictures(bytes: Buffer, begin: number, count: number): { x: Tensor; labels: number[] } {
  const records = tensor(new Uint8Array(bytes.subarray(begin * RECORD, (begin + count) * RECORD)), {
    shape: [count, RECORD],
  })
  const planes = records.slice({ start: [0, 1] }).cast({ dtype: 'float32' })
  const x = planes.reshape({ shape: [count, 3, 32, 32] }).transpose({ perm: [0, 2, 3, 1] })
  const labels = Array.from({ length: count }, (_, i) => bytes[(begin + i) * RECORD] ?? -1)
  return { x: x.div(255).sub(MEAN).div(STD), labels }
}

async function evaluate(weights: string, images: string): Promise<void> {
  const { tensors } = await io.loadSafetensors(weights)
  const model = new ResNet20().eval()
  model.loadStateDict(Object.fromEntries(Object.entries(tensors).map(([name, each]) => translated(name, each))))
  const bytes = readFileSync(images)
  const started = performance.now()
  let right = 0
  for (let begin = 0; begin < 1000; begin += 100) {
    const { x, labels } = pictures(bytes, begin, 100)
    const classes = await tidy(() => noGrad(() => model.call(x).argMax({ axis: -1 }))).data()
    right += labels.filter((label, i) => label === classes[i]).length
  }
  const seconds = (performance.now() - started) / 1000
  console.log(`ResNet-20 on 1,000 pictures of CIFAR-10: ${(right / 10).toFixed(1)} % right in ${seconds.toFixed(1)} s`)
  if (right !== 915) throw new Error(`expected 915 right, as in PyTorch, found ${right}`)
}

const weights = sharedFile('weights/cifar10-resnet/resnet20-12fca82f.safetensors')
const images = sharedFile('data/cifar10/test_batch_first2000.bin')
if (weights && images) await evaluate(weights, images)
else console.log('skipped: the weights or the pictures are not in ../shared')
