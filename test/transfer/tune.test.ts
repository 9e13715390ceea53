import { manualSeed, nn, optim, tensor, transfer, type Tensor } from 'landbridge'
import { beforeEach, describe, expect, it } from 'vitest'
import { bitsOf, mse, network, rows } from '../support/fit.js'

const { fit } = transfer
const { finetune, frozen } = transfer.tune
const sgd = (parameters: readonly Tensor[]) => new optim.SGD(parameters, { lr: 0.1 })
const parametersOf = ({ features, head }: transfer.Model) => [...features.parameters(), ...head.parameters()]
const numbers = (model: transfer.Model) => Object.values(bitsOf(model)).flat()
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!))

let model: transfer.Model
beforeEach(() => {
  manualSeed(1)
  model = network({ p: 0 })
})

describe('finetune', () => {
  const target = rows(64, 2, { shift: 1 })
  /** How far one step over all rows goes. */
  const step = async (options: Parameters<typeof finetune>[0]) => {
    manualSeed(1)
    const fresh = network({ p: 0 })
    const before = numbers(fresh)
    await fit({ model: fresh, loss: mse, target, method: finetune(options), optimizer: sgd, epochs: 1, batchSize: 64 })
    return distance(numbers(fresh), before)
  }

  it('moves the whole model, by rateFactor of the learning rate, a tenth by default', async () => {
    const whole = await step({ rateFactor: 1 })
    expect(whole).toBeGreaterThan(0)
    expect((await step({ rateFactor: 0.5 })) / whole).toBeCloseTo(0.5, 3)
    expect((await step({})) / whole).toBeCloseTo(0.1, 3)
  })

  it('first learns the source where there is one, at full rate and by its own validation', async () => {
    const [source, sourceValidation] = [rows(64, 3), rows(32, 4)]
    const shared = { loss: mse, optimizer: sgd, epochs: 3, batchSize: 16 }
    await fit({ model, source, sourceValidation, target, method: finetune(), validation: target, ...shared })
    manualSeed(1)
    const inTwo = network({ p: 0 })
    await fit({ model: inTwo, source, validation: sourceValidation, ...shared })
    await fit({ model: inTwo, target, method: finetune(), validation: target, ...shared })
    expect(bitsOf(model)).toEqual(bitsOf(inTwo))
  })

  it('reads the last `labels` rows alone', async () => {
    const asked = new Set<number>()
    const from = (t: Tensor) => ({
      count: 64,
      rows: (indices: Int32Array) => {
        indices.forEach((index) => asked.add(index))
        return t.gather(tensor(indices))
      },
    })
    const lazy = { x: from(target.x), y: from(target.y) }
    await fit({ model, loss: mse, target: lazy, method: finetune({ labels: 10 }), epochs: 1 })
    expect([...asked].sort()).toEqual(Array.from({ length: 10 }, (_, i) => 54 + i))
  })

  it('adds anchor · ‖w − w₀‖² to the loss', async () => {
    const start = numbers(model)
    let after: number[] = []
    const onEpoch = () => void (after = after.length > 0 ? after : numbers(model))
    const method = finetune({ anchor: 3, rateFactor: 1 })
    const options = { model, loss: mse, target, method, optimizer: sgd, epochs: 2, batchSize: 64, onEpoch }
    const { history } = await fit(options)
    expect(history[0]?.alignmentLoss).toBe(0)
    const expected = 3 * distance(after, start) ** 2
    expect(history[1]!.alignmentLoss / expected).toBeCloseTo(1, 4)
  })

  it('stays nearer to its start with an anchor', async () => {
    const moved = async (anchor: number) => {
      manualSeed(1)
      const fresh = network({ p: 0 })
      const start = numbers(fresh)
      const method = finetune({ anchor, rateFactor: 1 })
      await fit({ model: fresh, loss: mse, target, method, optimizer: sgd, epochs: 20, batchSize: 32 })
      return distance(numbers(fresh), start)
    }
    expect(await moved(3)).toBeLessThan((await moved(0)) / 2)
  })

  it('keeps the model as it came when tuning only harms', async () => {
    const truth = rows(64, 5)
    await fit({ model, loss: mse, source: truth, optimizer: sgd, epochs: 20, batchSize: 16 })
    const before = bitsOf(model)
    const wrong = rows(64, 6, { sign: -1 })
    const options = { model, loss: mse, target: wrong, method: finetune(), validation: truth, optimizer: sgd }
    const { bestEpoch, epochs } = await fit({ ...options, epochs: 10, patience: 2 })
    expect([bestEpoch, epochs]).toEqual([0, 2])
    expect(bitsOf(model)).toEqual(before)
  })
})

describe('frozen', () => {
  const target = rows(64, 7)
  const train = (extra: Partial<transfer.TuneOptions> = {}) =>
    fit({ model, loss: mse, target, method: frozen(), optimizer: sgd, epochs: 2, batchSize: 16, ...extra })

  it('moves the head and not the features, and gives their gradients back', async () => {
    const [features, head] = [model.features, model.head].map((part) => [...part.parameters()].map((p) => p.dataSync()))
    await train()
    expect(model.features.parameters().map((p) => p.dataSync())).toEqual(features)
    expect(model.head.parameters().map((p) => p.dataSync())).not.toEqual(head)
    expect(parametersOf(model).every(({ requiresGrad }) => requiresGrad)).toBe(true)
  })

  it('leaves running statistics alone too', async () => {
    model = { features: new nn.Sequential(new nn.Linear(6, 4), new nn.BatchNorm(4)), head: new nn.Linear(4, 1) }
    const buffers = () => model.features.buffers().map((each) => [...each.dataSync()])
    const before = buffers()
    await train()
    expect(before.length).toBeGreaterThan(0)
    expect(buffers()).toEqual(before)
  })

  it('gives gradients back after an error and after an abort', async () => {
    const loss = (): Tensor => {
      throw new Error('no loss')
    }
    await expect(train({ loss })).rejects.toThrow('no loss')
    expect(parametersOf(model).every(({ requiresGrad }) => requiresGrad)).toBe(true)
    await expect(train({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(parametersOf(model).every(({ requiresGrad }) => requiresGrad)).toBe(true)
  })

  it('does not thaw what the caller had frozen', async () => {
    model.features.freeze((name) => name === '0.weight')
    await train()
    expect(model.features.namedParameters()['0.weight']?.requiresGrad).toBe(false)
    expect(model.features.namedParameters()['0.bias']?.requiresGrad).toBe(true)
  })
})
