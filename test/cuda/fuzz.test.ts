/**
 * Random programs on the CPU and the emulated device side by side: equal values, the failures that were to be expected,
 * no memory left over, no crash, no standstill. LANDBRIDGE_FUZZ=<programs> runs that many others, of 1000 steps each.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { runScript, transpiledSources } from '../support/child.js'
import { buildDeviceKernels, numbers } from '../support/device.js'
import { emulatedLibrary, loadEmulated } from '../support/emulated.js'

const there = loadEmulated()
let folder: string
let kernels: string
beforeAll(() => {
  folder = transpiledSources()
  if (there) kernels = buildDeviceKernels()
})

const more = Number(process.env.LANDBRIDGE_FUZZ ?? 0)
const fresh = Date.now() % 1_000_000
const seeds = more > 0 ? Array.from({ length: more }, (_, i) => fresh + i) : [1, 2, 3, 4]
const program = new URL('../support/fuzz.mjs', import.meta.url).href

describe.runIf(there)('random programs', () => {
  test.each(seeds)(
    'agree with the CPU, seed %i',
    async (seed) => {
      const steps = more > 0 ? 1000 : 200
      const options = { folder, library: emulatedLibrary, kernels, numbers, seed, steps, workers: seed % 2 === 0 }
      const script = `globalThis.fuzzed = ${JSON.stringify(options)}; await import(${JSON.stringify(program)})`
      const { code, signal, stdout, stderr } = await runScript(folder, script, { timeout: 100_000 })
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      const [first, second] = JSON.parse(stdout) as [number, number]
      expect(second).toBe(first)
    },
    110_000,
  )
})
