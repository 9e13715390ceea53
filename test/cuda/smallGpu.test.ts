/** GPUs with 99 KiB of shared memory for a block (8.6, 8.9, 12.0): what needs more elsewhere has another way there. */
import { expect, test, vi } from 'vitest'
import { grad, ops, randn, type Tensor } from 'landbridge'
import { runScript, transpiledSources } from '../support/child.js'
import { emulated, expectSame } from '../support/cuda.js'
import { emulatedLibrary } from '../support/emulated.js'

// The native code reads it once, so it is set before that is loaded.
vi.hoisted(() => (process.env.LANDBRIDGE_EMULATION_SHARED = '99'))

const losses = { mmd: ops.mmd, coral: ops.coral }
const cases = (['mmd', 'coral'] as const).flatMap((op) => [150, 192, 256].map((d) => [op, d] as const))
test.runIf(emulated).each(cases)('%s of rows of %i, with both gradients', (op, d) => {
  const samples = [randn([70, d]), randn([65, d], { mean: 0.3 })] as const
  expectSame((device) => {
    const [x, y] = [samples[0].to(device), samples[1].to(device)]
    x.requiresGrad = y.requiresGrad = true
    const value = losses[op](x, y)
    const [dx, dy] = grad(value, [x, y])
    return [value, dx as Tensor, dy as Tensor]
  })
})

test.runIf(emulated)('a GPU with less is refused', async () => {
  const script = `import { openDevice } from './engine/devices.js'
    try { openDevice('cuda-emulated', ${JSON.stringify(emulatedLibrary)}) } catch (error) { console.log(error.message) }`
  const { stdout } = await runScript(transpiledSources(), script, { env: { LANDBRIDGE_EMULATION_SHARED: '64' } })
  expect(stdout).toContain('has 64 KiB of shared memory for a block, and landbridge needs 99')
})
