/** Processes that end while a device has work queued: by themselves, by exit, by an error that nobody catches. */
import { beforeAll, describe, expect, test } from 'vitest'
import { runScript, transpiledSources } from '../support/child.js'
import { buildDeviceKernels, devicePrelude } from '../support/device.js'
import { loadEmulated } from '../support/emulated.js'

const there = loadEmulated()
let folder: string
let prelude: string
beforeAll(() => {
  folder = transpiledSources()
  if (there) prelude = devicePrelude(buildDeviceKernels())
})

const queue = `
  import { together } from './engine/together.js'
  const x = onDevice([1])
  const work = () => { for (let i = 0; i < 500; i++) call('device_alive', [x]).dispose() }
`

describe.runIf(there)('a process with work queued on a device', () => {
  test.each([
    ['by itself', 'work()', 0],
    ['by exit', 'work(); process.exit(3)', 3],
    ['by exit while reads are under way', 'work(); x.data(); setTimeout(() => process.exit(3), 20)', 3],
    [
      'by an error in the middle of a capture',
      `together('cuda-emulated', () => { work(); throw new Error('on purpose') })`,
      1,
    ],
    ['in an open capture', 'native.graph(2, true); work(); process.exit(3)', 3],
    ['after a last read', `work(); process.on('exit', () => console.log(x.dataSync()[0])); process.exit(3)`, 3],
  ])('ends %s in order: no kernel runs while libraries are torn down', async (how, script, expected) => {
    const { code, signal, stdout, stderr } = await runScript(folder, prelude + queue + script)
    expect({ code, signal }).toEqual({ code: expected, signal: null })
    expect(stderr).not.toContain('a kernel ran after the process had ended')
    expect(stdout).toBe(how === 'after a last read' ? '1\n' : '')
  })
})
