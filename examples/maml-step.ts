/**
 * Learning to learn (MAML, Finn et al. 2017): sine waves of other amplitudes and phases are tasks. The gradient goes
 * through a step of training: one update on 10 points of a wave should fit the rest of that wave.
 */
import { grad, manualSeed, nn, ops, optim, ready, tensor, tidy, type Tensor } from 'landbridge'
import { device } from './support/device.js'

manualSeed(1)
let state = 1
const random = () => (state = (state * 48271) % 2147483647) / 2147483647 // MINSTD (Park and Miller 1988)

function wave(): () => { x: Tensor; y: Tensor } {
  const [amplitude, phase] = [0.5 + 4 * random(), Math.PI * random()]
  return () => {
    const x = Float32Array.from({ length: 10 }, () => 10 * random() - 5)
    const y = x.map((each) => amplitude * Math.sin(each + phase))
    return { x: tensor(x, { shape: [10, 1], device }), y: tensor(y, { shape: [10, 1], device }) }
  }
}

const layer = (inputs: number) => new nn.Linear(inputs, 40, { activation: 'tanh' })
const model = new nn.Sequential(layer(1), layer(40), new nn.Linear(40, 1)).to(device)
const names = Object.keys(model.namedParameters())

/** The loss on new points of a wave after one step of gradient descent on others, and the loss before. */
function adapted(points: () => { x: Tensor; y: Tensor }): { before: Tensor; after: Tensor } {
  const [support, query] = [points(), points()]
  const before = ops.mseLoss(model.call(support.x), support.y)
  const gradients = grad(before, model.parameters(), { createGraph: true })
  const updated = model.parameters().map((p, i) => p.sub((gradients[i] as Tensor).mul(0.02)))
  const fast = Object.fromEntries(names.map((name, i) => [name, updated[i] as Tensor]))
  return { before, after: ops.mseLoss(nn.functionalCall(model, fast, query.x), query.y) }
}

async function evaluate(): Promise<number> {
  let [before, after] = [0, 0]
  for (let i = 0; i < 100; i++) {
    const losses = tidy(() => adapted(wave()))
    before += (await losses.before.item()) / 100
    after += (await losses.after.item()) / 100
  }
  console.log(`100 new waves: loss ${before.toFixed(3)}, after one step on 10 points ${after.toFixed(3)}`)
  return after
}

const untrained = await evaluate()
const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 })
for (let step = 1; step <= 600; step++) {
  tidy(() => {
    const losses = Array.from({ length: 4 }, () => adapted(wave()).after)
    optimizer.zeroGrad()
    ops.stack(losses).mean().backward()
    optimizer.step()
  })
  await ready(device)
}
if (!((await evaluate()) < untrained)) throw new Error('expected that meta-training helps')
