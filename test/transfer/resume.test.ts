import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualSeed, nn, optim, tensor, transfer, type Tensor } from 'landbridge'
import { afterAll, describe, expect, it } from 'vitest'
import { bitsOf, mse, network, rows } from '../support/fit.js'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-fit-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { align, fit, tune } = transfer
const adam = (parameters: readonly Tensor[]) => new optim.Adam(parameters, { lr: 0.03 })
const [source, validation, target] = [rows(96, 1), rows(40, 2, { shift: 0.5 }), rows(80, 3, { shift: 1 })]

/** An alignment with a parameter of its own. */
function learned(): { method: transfer.Alignment; own: Tensor } {
  const own = nn.parameter(tensor([0.5]))
  const loss: transfer.Alignment['loss'] = ({ source: a, target: b }) =>
    b.features.mean().sub(a.features.mean().mul(own)).square().sum()
  return { method: { kind: 'align', name: 'learned', parameters: () => [own], loss }, own }
}

type Setup = () => { options: transfer.FitOptions; more?: () => unknown }
const common = () => ({ model: network(), loss: mse, optimizer: adam, epochs: 7, batchSize: 32, patience: 3, seed: 4 })
const setups: Record<string, Setup> = {
  'source-only': () => ({ options: { ...common(), source, validation } }),
  'without validation': () => ({ options: { ...common(), source } }),
  mmd: () => ({ options: { ...common(), source, validation, target: { x: target.x }, method: align.mmd() } }),
  'an alignment that learns': () => {
    const { method, own } = learned()
    return {
      options: { ...common(), source, validation, target: { x: target.x }, method },
      more: () => [...own.dataSync()],
    }
  },
  finetune: () => ({
    options: {
      ...common(),
      source,
      sourceValidation: validation,
      target,
      validation,
      method: tune.finetune({ anchor: 0.1, rateFactor: 1 }),
    },
  }),
}

async function outcome(setup: Setup, path?: string, stopAfter = Infinity) {
  manualSeed(5)
  const { options, more } = setup()
  const abort = new AbortController()
  const tuned = options.method?.kind === 'tune'
  const onEpoch = ({ epoch }: transfer.EpochReport) => {
    if (epoch >= stopAfter && (!tuned || existsSync(path!))) abort.abort(new Error('stopped'))
  }
  const result = await fit({ ...options, checkpoint: path, signal: abort.signal, onEpoch })
  return { result, bits: bitsOf(options.model), more: more?.() }
}

describe('a run that was stopped and resumed with fresh objects equals the straight one', () => {
  it.each(Object.entries(setups))('%s', async (name, setup) => {
    const straight = await outcome(setup)
    expect(straight.result.epochs).toBeGreaterThan(3)
    for (const stopAfter of [1, 3]) {
      const path = join(folder, `${name}-${stopAfter}.safetensors`)
      await expect(outcome(setup, path, stopAfter)).rejects.toThrow('stopped')
      const resumed = await outcome(setup, path)
      expect(resumed.bits).toEqual(straight.bits)
      expect(resumed.more).toEqual(straight.more)
      expect(resumed.result).toEqual({ ...straight.result, history: straight.result.history.slice(stopAfter) })
    }
  })

  it('whatever random numbers were drawn before', async () => {
    const path = join(folder, 'random.safetensors')
    await expect(outcome(setups.mmd!, path, 2)).rejects.toThrow('stopped')
    manualSeed(6)
    const { options } = setups.mmd!()
    await fit({ ...options, checkpoint: path })
    expect(bitsOf(options.model)).toEqual((await outcome(setups.mmd!)).bits)
  })
})

it('a checkpoint of another model is refused, and the model is left alone', async () => {
  const path = join(folder, 'other.safetensors')
  await fit({ ...common(), source, epochs: 1, checkpoint: path })
  const model = network({ width: 5 })
  const before = bitsOf(model)
  const again = fit({ ...common(), model, source, checkpoint: path })
  await expect(again).rejects.toThrow(/expected a checkpoint of these objects, received one that does not fit/)
  expect(bitsOf(model)).toEqual(before)
})
