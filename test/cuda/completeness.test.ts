/** Every kernel of the CPU has its twin on CUDA. */
import { expect, test } from 'vitest'
import { loadEmulated } from '../support/emulated.js'
import { native } from '../../src/engine/native.js'

const builtIn = native.kernels()

test.runIf(loadEmulated())('every CPU kernel has a CUDA kernel of the same name and dtype', () => {
  const twins = native.kernels().filter(({ device }) => device === 'cuda-emulated')
  const known = new Set(twins.map(({ name, dtype }) => `${name} ${dtype}`))
  const missing = builtIn.filter(({ name, dtype }) => !known.has(`${name} ${dtype}`) && !known.has(`${name} any`))
  expect([...new Set(missing.map(({ name, dtype }) => `${name} ${dtype}`))]).toEqual([])
})
