/** `transfer.fit`, the data functions and the test helpers with one wrong value at a time. */
import { expect, test } from 'vitest'
import { data, io, LandbridgeError, nn, ops, transfer, zeros } from 'landbridge'
import * as testing from 'landbridge/testing'
import { nameOf, noOptions, noTensors, optionValues } from './values.js'

const call = (f: unknown, ...args: unknown[]): unknown => (f as (...args: unknown[]) => unknown)(...args)
const bad = (): unknown[] => [...noTensors(), ...optionValues(), ...noOptions()]

async function complaintsOf(run: (value: unknown) => unknown): Promise<string[]> {
  const found: string[] = []
  for (const value of bad()) {
    try {
      await run(value)
    } catch (error) {
      const fine = error instanceof LandbridgeError && /expected|no such|cannot/.test(error.message)
      if (!fine) found.push(`${nameOf(value)}: ${String(error)}`)
    }
  }
  return found.slice(0, 20)
}

const fitOptions = () => ({
  model: { features: new nn.Linear(2, 2), head: new nn.Linear(2, 1) },
  loss: ops.mseLoss,
  source: { x: zeros([4, 2]), y: zeros([4, 1]) },
  epochs: 1,
})

const keys = ['model', 'loss', 'source', 'target', 'validation', 'method', 'epochs', 'batchSize', 'patience', 'seed']
const rest = ['optimizer', 'clipNorm', 'checkpoint', 'signal', 'onEpoch']

const places: Record<string, (value: unknown) => unknown> = {
  fit: (v) => call(transfer.fit, v),
  ...Object.fromEntries(
    [...keys, ...rest].map((key) => [
      `fit ${key}`,
      // Functions that are called are the caller's own business, and files named by nonsense are not made here.
      (v: unknown) => {
        const limited = key === 'epochs' && typeof v === 'number' && v > 2
        if (typeof v === 'function' || limited || (key === 'checkpoint' && typeof v === 'string')) return
        return call(transfer.fit, { ...fitOptions(), [key]: v })
      },
    ]),
  ),
  'fit source.x': (v) => call(transfer.fit, { ...fitOptions(), source: { x: v, y: zeros([4, 1]) } }),
  batches: (v) => call(data.batches, v),
  'batches count': (v) => call(data.batches, { count: v, batchSize: 2 }),
  'batches batchSize': (v) => call(data.batches, { count: 4, batchSize: v }),
  'batches seed': (v) => call(data.batches, { count: 4, batchSize: 2, seed: v }),
  readTable: (v) => call(data.readTable, v),
  windows: (v) => call(data.windows, v),
  loadSafetensors: (v) => call(io.loadSafetensors, v),
  parseSafetensors: (v) => call(io.parseSafetensors, v),
  saveSafetensors: (v) => typeof v === 'string' || call(io.saveSafetensors, v, {}),
  'saveSafetensors tensors': (v) => call(io.saveSafetensors, '/nonexistent/x', v),
  loadCheckpoint: (v) => call(io.loadCheckpoint, v, { model: new nn.Linear(2, 2) }),
  saveCheckpoint: (v) => call(io.saveCheckpoint, '/nonexistent/x', v),
  'gradientCheck inputs': (v) => call(testing.gradientCheck, ops.square, v),
  gradientCheck: (v) => typeof v === 'function' || call(testing.gradientCheck, v, [zeros([2], { requiresGrad: true })]),
  'gradientCheck options': (v) => call(testing.gradientCheck, ops.square, [zeros([2], { requiresGrad: true })], v),
}

test.each(Object.entries(places))('%s', async (_, run) => {
  expect(await complaintsOf(run)).toEqual([])
})
