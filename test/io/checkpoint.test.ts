import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  data,
  DataError,
  io,
  manualSeed,
  memory,
  nn,
  noGrad,
  ops,
  optim,
  rand,
  tensor,
  tidy,
  type Tensor,
} from 'landbridge'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-checkpoint-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** 30 samples of 3 features and the target that goes with each. */
const rows = Array.from({ length: 30 }, (_, i) => [Math.sin(i), Math.cos(1.7 * i), ((i * 7) % 11) / 11])
const targets = rows.map(([a = 0, b = 0, c = 0]) => [a * b - 2 * c])

/** A run whose steps depend on everything that a checkpoint holds. */
function makeRun() {
  const model = new nn.Sequential(new nn.Linear(3, 8, { activation: 'tanh' }), new nn.Dropout(0.2), new nn.Linear(8, 1))
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.02 })
  const schedule = optim.schedule.cosine(optimizer, { totalSteps: 25 })
  const order = data.batches({ count: rows.length, batchSize: 7, seed: 5 })
  const earlyStopping = { state: { best: Infinity, waited: 0 } }
  return { model, optimizer, schedule, order, earlyStopping }
}
type Run = ReturnType<typeof makeRun>

function trainStep({ model, optimizer, schedule, order, earlyStopping }: Run): void {
  const batch = [...order.next()]
  const pick = (from: number[][]) => tensor(batch.map((i) => from[i] as number[]))
  const loss = tidy(() => {
    const error = ops.sub(model.call(pick(rows)), pick(targets))
    const value = ops.mean(ops.mul(error, error))
    value.backward()
    return value.itemSync()
  })
  optimizer.step()
  optimizer.zeroGrad()
  schedule.step()
  const { best, waited } = earlyStopping.state
  earlyStopping.state = loss < best ? { best: loss, waited: 0 } : { best, waited: waited + 1 }
}

const train = (run: Run, steps: number) => {
  for (let i = 0; i < steps; i++) trainStep(run)
}
const bitsOf = (tensors: Record<string, Tensor>) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, each]) => [name, [...new Uint32Array(each.dataSync().buffer)]]),
  )
const everything = ({ model, optimizer, schedule, order, earlyStopping }: Run) => {
  const { tensors, meta } = optimizer.stateDict()
  return [bitsOf(model.stateDict()), bitsOf(tensors), meta, schedule.stateDict(), order.state, earlyStopping.state]
}

test('10 steps, a checkpoint and 10 steps are 20 steps, bit for bit', async () => {
  const path = join(folder, 'run.safetensors')
  const first = makeRun()
  train(first, 10)
  const saved = io.saveCheckpoint(path, { ...first, step: 10, extra: { name: 'trial', losses: [NaN, -0] } })
  train(first, 10) // while it is written
  await saved

  const drawn = rand([3]).toArraySync()
  const second = makeRun()
  train(second, 3)
  expect(await io.loadCheckpoint(path, second)).toEqual({ step: 10, extra: { name: 'trial', losses: [NaN, -0] } })
  expect(everything(second)).not.toEqual(everything(first))
  train(second, 10)
  expect(everything(second)).toEqual(everything(first))
  expect(rand([3]).toArraySync()).toEqual(drawn)
})

test('random: false leaves the random numbers alone', async () => {
  const path = join(folder, 'random.safetensors')
  const { model } = makeRun()
  manualSeed(3)
  const expected = rand([3]).toArraySync()
  await io.saveCheckpoint(path, { model, step: 1 })
  manualSeed(3)
  await io.loadCheckpoint(path, { model, random: false })
  expect(rand([3]).toArraySync()).toEqual(expected)
  await io.saveCheckpoint(path, { model, step: 1, random: false })
  await expect(io.loadCheckpoint(path, { model })).rejects.toThrow(
    'expected a checkpoint with random, received one without',
  )
})

test('a checkpoint before the first step resumes too', async () => {
  const path = join(folder, 'start.safetensors')
  const run = makeRun()
  await io.saveCheckpoint(path, { ...run, step: 0 })
  const before = everything(run)
  train(run, 2)
  expect(await io.loadCheckpoint(path, run)).toEqual({ step: 0, extra: undefined })
  expect(everything(run)).toEqual(before)
})

test('it is a safetensors file that gives its weights to others', async () => {
  const path = join(folder, 'weights.safetensors')
  const { model, optimizer } = makeRun()
  await io.saveCheckpoint(path, { model, optimizer, step: 0 })
  expect(Object.keys((await io.loadSafetensors(path)).tensors)).toEqual(
    ['0.weight', '0.bias', '2.weight', '2.bias'].map((name) => `model.${name}`),
  )
})

test('saving and loading leave nothing behind', async () => {
  const path = join(folder, 'leak.safetensors')
  const run = makeRun()
  train(run, 1)
  await io.saveCheckpoint(path, { ...run, step: 1 })
  await io.loadCheckpoint(path, run)
  const before = memory().liveBuffers
  await io.saveCheckpoint(path, { ...run, step: 1 })
  await io.loadCheckpoint(path, run)
  expect(memory().liveBuffers).toBeLessThanOrEqual(before) // older garbage may go meanwhile
})

describe('what does not fit changes nothing', () => {
  const refused = async (name: string, run: Parameters<typeof io.loadCheckpoint>[1]) => {
    const failure = await io.loadCheckpoint(join(folder, name), run).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(DataError)
    return (failure as DataError).message.replace(join(folder, name), 'FILE')
  }

  test('an optimiser of another kind', async () => {
    const saved = makeRun()
    train(saved, 2)
    const { model, optimizer } = saved
    await io.saveCheckpoint(join(folder, 'adam'), { model, optimizer, step: 2 })
    const run = makeRun()
    const before = everything(run)
    const sgd = new optim.SGD(run.model.parameters(), { lr: 0.1, momentum: 0.9 })
    expect(
      await refused('adam', {
        ...run,
        optimizer: sgd,
        schedule: undefined,
        order: undefined,
        earlyStopping: undefined,
      }),
    ).toMatch(/^FILE: expected a checkpoint of these objects, received one that does not fit: sgd/i)
    expect(everything(run)).toEqual(before)
  })

  test('a model of other shapes', async () => {
    const other = new nn.Sequential(new nn.Linear(3, 9), new nn.Dropout(), new nn.Linear(9, 1))
    await io.saveCheckpoint(join(folder, 'other'), { model: other, step: 2 })
    expect(await refused('other', { model: makeRun().model })).toBe(
      'FILE: expected a checkpoint of these objects, received one that does not fit: ' +
        'loadStateDict: expected 0.weight of shape [3, 8], received [3, 9]',
    )
  })

  test('a part that was not saved', async () => {
    const { model, order } = makeRun()
    await io.saveCheckpoint(join(folder, 'model'), { model, step: 2 })
    expect(await refused('model', { model, order })).toBe(
      'FILE: expected a checkpoint with order, received one without',
    )
  })

  test('a file of tensors alone', async () => {
    await io.saveSafetensors(
      join(folder, 'tensors'),
      noGrad(() => ({ x: tensor([1]) })),
    )
    expect(await refused('tensors', makeRun())).toBe(
      'FILE: expected a landbridge checkpoint 1, received nothing as kind',
    )
    await io.saveSafetensors(
      join(folder, 'state'),
      {},
      { metadata: { kind: 'landbridge checkpoint 1', state: '{"step":' } },
    )
    expect(await refused('state', makeRun())).toBe('FILE: expected a state of JSON with a step, received another')
  })

  test('a step that is none', async () => {
    const saving = io.saveCheckpoint(join(folder, 'x'), { ...makeRun(), step: 1.5 })
    await expect(saving).rejects.toThrow('saveCheckpoint: expected an integer ≥ 0 as step, received 1.5')
  })
})
