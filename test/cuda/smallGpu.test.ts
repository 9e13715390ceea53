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

const layers = { lstm: { op: ops.lstm, gates: 4 }, gru: { op: ops.gru, gates: 3 } }
const sizes = (['lstm', 'gru'] as const).flatMap((layer) =>
  [72, 80, 128].flatMap((units) => [1, 200].map((rows) => [layer, units, rows] as const)),
)
test.runIf(emulated).each(sizes)('%s of %i units for %i rows, with its gradients', (layer, units, rows) => {
  const { op, gates } = layers[layer]
  const given = [randn([rows, 2, 3]), randn([3, gates * units]), randn([units, gates * units], { std: 0.05 })]
  expectSame((device) => {
    const inputs = given.map((each) => each.to(device)) as [Tensor, Tensor, Tensor]
    for (const each of inputs) each.requiresGrad = true
    const [output] = op(...inputs) as [Tensor]
    return [output, ...(grad(ops.sum(output), inputs) as Tensor[])]
  }, 1e-4)
})

test.runIf(emulated)('a GPU with less is refused', async () => {
  const script = `import { openDevice } from './engine/devices.js'
    try { openDevice('cuda-emulated', ${JSON.stringify(emulatedLibrary)}) } catch (error) { console.log(error.message) }`
  const { stdout } = await runScript(transpiledSources(), script, { env: { LANDBRIDGE_EMULATION_SHARED: '64' } })
  expect(stdout).toContain('has 64 KiB of shared memory for a block, and landbridge needs 99')
})
