import { manualSeed, nn, ops, optim, setThreads, tensor, transfer, type Tensor } from 'landbridge'
import { afterAll, describe, expect, it } from 'vitest'
import { bitsOf, mse, network, rows, WIDTH } from '../support/fit.js'

const { align, fit, predict } = transfer
const sgd = (lr: number) => (parameters: readonly Tensor[]) => new optim.SGD(parameters, { lr })
const adam = (parameters: readonly Tensor[]) => new optim.Adam(parameters, { lr: 0.01 })

async function meanSquaredError(model: transfer.Model, { x, y }: { x: Tensor; y: Tensor }): Promise<number> {
  const [output, truth] = [await predict(model, x), await y.data()]
  return output.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0) / truth.length
}

describe('fit without a method', () => {
  it('learns the source, and reports every epoch', async () => {
    const [source, validation] = [rows(256, 1), rows(64, 2)]
    manualSeed(3)
    const model = network({ p: 0 })
    const before = await meanSquaredError(model, validation)
    const reports: transfer.EpochReport[] = []
    const onEpoch = (report: transfer.EpochReport) => void reports.push(report)
    const result = await fit({
      model,
      loss: mse,
      source,
      validation,
      epochs: 8,
      batchSize: 32,
      optimizer: adam,
      onEpoch,
    })
    expect(await meanSquaredError(model, validation)).toBeLessThan(before / 4)
    expect(reports).toEqual(result.history)
    expect(reports.map(({ epoch, epochs }) => [epoch, epochs])).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n, 8]))
    expect(reports.every(({ alignmentLoss }) => alignmentLoss === 0)).toBe(true)
    const best = Math.min(...reports.map(({ validationLoss }) => validationLoss!))
    expect(result.bestLoss).toBe(best)
    expect(best).toBeCloseTo(await meanSquaredError(model, validation), 5)
    expect(model.features.training || model.head.training).toBe(false)
  })

  it('returns the model of the best epoch, and stops when patience is over', async () => {
    const source = rows(64, 4)
    const validation = rows(64, 5, { sign: -1 }) // what is learnt here only harms there
    manualSeed(6)
    const model = network({ p: 0 })
    const seen: ReturnType<typeof bitsOf>[] = []
    const onEpoch = () => void seen.push(bitsOf(model))
    const options = { model, loss: mse, source, validation, optimizer: adam, onEpoch, batchSize: 16 }
    const { epochs, bestEpoch, history } = await fit({ ...options, epochs: 30, patience: 3 })
    expect(bestEpoch).toBeGreaterThan(0)
    expect(epochs).toBe(bestEpoch + 3)
    expect(history.filter(({ best }) => best).at(-1)?.epoch).toBe(bestEpoch)
    expect(bitsOf(model)).toEqual(seen[bestEpoch - 1])
    expect(bitsOf(model)).not.toEqual(seen.at(-1))
  })

  it('returns the last model without validation', async () => {
    manualSeed(7)
    const model = network()
    let last = {}
    const onEpoch = () => void (last = bitsOf(model))
    const result = await fit({ model, loss: mse, source: rows(64, 8), epochs: 2, onEpoch })
    expect(result).toMatchObject({ epochs: 2, bestEpoch: 2, bestLoss: undefined })
    expect(bitsOf(model)).toEqual(last)
  })

  it('takes functions for rows, and asks for the same rows as of tensors', async () => {
    const source = rows(70, 9)
    const asked: number[] = []
    const from = (t: Tensor) => ({
      count: 70,
      rows: (indices: Int32Array) => {
        asked.push(...indices)
        return t.gather(tensor(indices))
      },
    })
    const train = async (given: { x: transfer.Rows; y: transfer.Rows }) => {
      manualSeed(10)
      const model = network()
      await fit({ model, loss: mse, source: given, epochs: 2, batchSize: 32, seed: 11 })
      return bitsOf(model)
    }
    expect(await train({ x: from(source.x), y: from(source.y) })).toEqual(await train(source))
    expect(asked).toHaveLength(2 * 2 * 64) // whole batches of 32, x and y, in two epochs
  })

  it('follows the seed', async () => {
    const train = async (seed: number) => {
      manualSeed(12)
      const model = network()
      await fit({ model, loss: mse, source: rows(64, 13), epochs: 1, batchSize: 16, seed })
      return bitsOf(model)
    }
    expect(await train(1)).toEqual(await train(1))
    expect(await train(1)).not.toEqual(await train(2))
  })
})

describe('alignments', () => {
  afterAll(() => setThreads(2))

  it.each([
    ['mmd', align.mmd, 5],
    ['coral', align.coral, 1000], // over 4d²
  ])('%s makes features of both domains more alike', async (name, method, heavy) => {
    const source = rows(128, 20)
    const target = { x: rows(100, 21, { shift: 1 }).x }
    const distance = async (weight: number) => {
      manualSeed(22)
      const model = network({ p: 0 })
      const options = { model, loss: mse, source, target, epochs: 6, batchSize: 32, optimizer: adam }
      const { history } = await fit({ ...options, method: method({ weight }) })
      const features = [source.x, target.x].map((x) => model.features.call(x)) as [Tensor, Tensor]
      return { distance: ops[name as 'mmd'](...features).itemSync(), history }
    }
    const [without, aligned] = [await distance(0), await distance(heavy)]
    expect(aligned.distance).toBeLessThan(without.distance / 2)
    expect(without.history.every(({ alignmentLoss }) => alignmentLoss === 0)).toBe(true)
    expect(aligned.history.every(({ alignmentLoss }) => alignmentLoss > 0)).toBe(true)
  })

  it('of a user: sees both sides and how far training is, and its own parameters learn', async () => {
    const shift = nn.parameter(tensor([0]))
    const seen: { progress: number; shapes: unknown; labels: (Tensor | undefined)[] }[] = []
    const method: transfer.Alignment = {
      parameters: () => [shift],
      loss: ({ source, target, progress }) => {
        const shapes = [source, target].map(({ features, output }) => [features.shape, output?.shape])
        seen.push({ progress, shapes, labels: [source.y, target.y] })
        return target.features.mean().sub(source.features.mean()).sub(shift).square().sum()
      },
    }
    manualSeed(23)
    const model = network()
    const target = { x: rows(32, 24, { shift: 1 }).x }
    const before = bitsOf(model)
    await fit({ model, loss: mse, source: rows(32, 25), target, method, epochs: 2, batchSize: 16 })
    expect(shift.dataSync()[0]).not.toBe(0)
    expect(bitsOf(model)).not.toEqual(before)
    expect(seen.map(({ progress }) => progress)).toEqual([0, 0.25, 0.5, 0.75])
    const side = [[16, 8], [16, 1]] // prettier-ignore
    expect(seen[0]?.shapes).toEqual([side, side])
    expect(seen.every(({ labels: [a, b] }) => a?.shape.join() === '16,1' && b === undefined)).toBe(true)
  })

  it('gives the same bits with one thread and two', async () => {
    const [source, target] = [rows(600, 26), { x: rows(500, 27, { shift: 1 }).x }]
    const train = async (threads: number) => {
      setThreads(threads)
      manualSeed(28)
      const model = network({ width: 64 })
      await fit({ model, loss: mse, source, target, method: align.mmd(), epochs: 2, validation: rows(100, 29) })
      return bitsOf(model)
    }
    expect(await train(1)).toEqual(await train(2))
  })
})

describe('an abort', () => {
  it('rejects with its reason, and the model can be trained again', async () => {
    const abort = new AbortController()
    const model = network()
    const options = { model, loss: mse, source: rows(64, 30), batchSize: 16, signal: abort.signal }
    const onEpoch = () => abort.abort(new Error('enough'))
    await expect(fit({ ...options, onEpoch })).rejects.toThrow('enough')
    await expect(fit(options)).rejects.toThrow('enough')
    expect(Object.values(bitsOf(model)).flat().every(Number.isFinite)).toBe(true)
    expect(model.features.training).toBe(false)
    await fit({ ...options, signal: undefined, epochs: 1 })
  })

  it('passes an error of the loss on', async () => {
    const loss = (): Tensor => {
      throw new Error('no loss')
    }
    await expect(fit({ model: network(), loss, source: rows(16, 31) })).rejects.toThrow('no loss')
  })
})

describe('bad options get one sentence', () => {
  const source = rows(8, 40)
  const good = { model: network(), loss: mse, source }
  const target = { x: source.x }
  const finetune = transfer.tune.finetune()
  const untyped = fit as (options: object) => Promise<unknown>
  it.each<[string, object, string]>([
    ['no model', { model: undefined }, 'a model { features, head }, received nothing'],
    ['no loss', { loss: 'mse' }, 'a function as loss, received "mse"'],
    ['no source', { source: undefined }, 'source rows, received none'],
    ['epochs 0', { epochs: 0 }, 'a positive integer as epochs, received 0'],
    ['batchSize 1.5', { batchSize: 1.5 }, 'a positive integer as batchSize, received 1.5'],
    ['patience NaN', { patience: NaN }, 'a positive integer as patience, received NaN'],
    ['seed −1', { seed: -1 }, 'a non-negative integer as seed, received -1'],
    ['clipNorm 0', { clipNorm: 0 }, 'a positive number as clipNorm, received 0'],
    ['a method by name', { method: 'mmd', target }, 'a tuning or an alignment { parameters, loss } as method, received "mmd"'], // prettier-ignore
    ['no target', { method: align.mmd() }, 'target rows for this method, received none'],
    ['labels for an alignment', { method: align.mmd(), target: source }, 'no target.y for an alignment (it must not see target labels), received target.y'], // prettier-ignore
    ['no labels for a tuning', { method: finetune, target }, 'target.y for finetune, received none'],
    ['no y', { source: target }, 'a tensor or { count, rows } as source.y, received nothing'],
    ['x as an array', { source: { x: [1], y: source.y } }, 'a tensor or { count, rows } as source.x, received [1]'],
    ['no y in validation', { validation: target }, 'a tensor or { count, rows } as validation.y, received nothing'],
    ['fewer labels', { validation: { x: source.x, y: rows(3, 41).y } }, 'as many rows in validation.y as in validation.x, 8, received 3'], // prettier-ignore
    ['no rows', { source: { x: tensor([], { shape: [0, WIDTH] }), y: source.y } }, 'at least one row in source.x, received none'], // prettier-ignore
  ])('%s', async (_, change, message) => {
    await expect(untyped({ ...good, ...change })).rejects.toThrow(`fit: expected ${message}`)
  })

  it('of methods', () => {
    expect(() => align.mmd({ weight: NaN })).toThrow('align.mmd: expected a weight of at least 0, received NaN')
    expect(() => align.coral({ weight: -1 })).toThrow('align.coral: expected a weight of at least 0, received -1')
    const { finetune, frozen } = transfer.tune
    expect(() => finetune({ labels: 0 })).toThrow('tune.finetune: expected a positive integer as labels, received 0')
    expect(() => frozen({ rateFactor: NaN })).toThrow('tune.frozen: expected a positive number as rateFactor, received NaN') // prettier-ignore
    expect(() => finetune({ anchor: -1 })).toThrow('expected a number of at least 0 as anchor, received -1')
  })

  it('of an optimiser', async () => {
    await expect(fit({ ...good, optimizer: sgd(NaN) })).rejects.toThrow(/SGD: expected .* lr/)
  })
})
