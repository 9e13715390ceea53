/** Training that is cut off and goes on from a checkpoint, bit for bit; and the weights alone in a safetensors file. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { data, io, manualSeed, nn, ops, optim, rand, ready, tensor, tidy } from 'landbridge'

/** Everything that a run consists of, as it begins. */
function newRun() {
  manualSeed(3)
  const model = new nn.Sequential(
    new nn.Linear(2, 32, { activation: 'tanh' }),
    new nn.Dropout(0.1),
    new nn.Linear(32, 1),
  )
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 })
  const schedule = optim.schedule.cosine(optimizer, { totalSteps: 400 })
  const order = data.batches({ count: 512, batchSize: 32, seed: 1 })
  return { model, optimizer, schedule, order }
}
type Run = ReturnType<typeof newRun>

manualSeed(0)
const x = rand([512, 2], { low: -2, high: 2 })
const y = x.sin().prod({ axis: 1, keepDims: true }) // sin(a)·sin(b)

async function train({ model, optimizer, schedule, order }: Run, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) {
    tidy(() => {
      const rows = tensor(order.next())
      optimizer.zeroGrad()
      ops.mseLoss(model.call(x.gather(rows)), y.gather(rows)).backward()
      optimizer.step()
      schedule.step()
    })
    await ready()
  }
}

async function weightsOf({ model }: Run): Promise<number[]> {
  const values = await Promise.all(model.parameters().map((parameter) => parameter.data()))
  return values.flatMap((each) => [...each])
}

const folder = mkdtempSync(join(tmpdir(), 'landbridge-example-'))
const [checkpoint, weights] = [join(folder, 'run.safetensors'), join(folder, 'model.safetensors')]
try {
  const whole = newRun()
  await train(whole, 400)

  const first = newRun()
  await train(first, 150)
  await io.saveCheckpoint(checkpoint, { ...first, step: 150 })

  const second = newRun() // in another process, say
  const { step } = await io.loadCheckpoint(checkpoint, second)
  await train(second, 400 - step)
  const [expected, resumed] = [await weightsOf(whole), await weightsOf(second)]
  const same = expected.every((each, i) => Object.is(each, resumed[i]))
  console.log(
    `400 steps at once, and ${step} + ${400 - step} across a checkpoint: ${same ? 'the same bits' : 'DIFFERENT'}`,
  )

  await io.saveSafetensors(weights, whole.model.stateDict(), { metadata: { task: 'sin(a)·sin(b)' } })
  const { tensors, metadata } = await io.loadSafetensors(weights)
  const { model } = newRun()
  model.loadStateDict(tensors)
  const loss = await ops.mseLoss(model.eval().call(x), y).item()
  console.log(`${metadata.task} from its weights alone: mean squared error ${loss.toFixed(4)}`)
  if (!same || !(loss < 0.02)) throw new Error('expected the same bits and an error below 0.02')
} finally {
  rmSync(folder, { recursive: true })
}
