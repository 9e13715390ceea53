/** The emulated device for tests of the runtime: kernels that show its workings, and failures to order. */
import { fileURLToPath } from 'node:url'
import { loadKernels, tensor, type Tensor } from 'landbridge'
import { deviceNumber, native } from '../../src/engine/native.js'
import { emulatedLibrary, loadEmulated } from './emulated.js'
import { buildKernels, call } from './kernels.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const device = 'cuda-emulated'

/** The numbers of test/support/cuda_runtime_emulation.h, in the order of deviceKernels.cc. */
export const numbers = [
  'allocations',
  'bytes',
  'host bytes',
  'fail allocations',
  'break',
  'milliseconds per event',
  'refuse to begin',
  'invalidate captures',
  'graphs made',
  'graph launches',
  'marks',
] as const
export type EmulationNumber = (typeof numbers)[number]

/** Builds test/support/deviceKernels.cc; its path. Removed after the tests of the file. */
export function buildDeviceKernels(): string {
  const flags = ['-DLANDBRIDGE_CUDA_EMULATED', '-Wno-unknown-pragmas', `-DLIBRARY="${emulatedLibrary}"`]
  return buildKernels(path('deviceKernels.cc'), [...flags, '-I', path('../../native'), '-I', path('.')])
}

/** Whether the device is there, with its test kernels. */
export function loadDevice(): boolean {
  if (!loadEmulated()) return false
  loadKernels(buildDeviceKernels())
  return true
}

/** One of the emulation's numbers; sets it when a value is given. */
export function emulation(number: EmulationNumber, value = -1): number {
  const x = tensor([0])
  const result = call('emulation', [x], [numbers.indexOf(number), value])
  try {
    return result.itemSync()
  } finally {
    x.dispose()
    result.dispose()
  }
}

/** Until both streams have done what was queued. */
export async function settle(): Promise<void> {
  await native.fence(deviceNumber.cpu)
  await native.fence(deviceNumber[device])
}

/** What a test of streams begins with: nothing queued, no failure unread, events that take no time. */
export async function calm(): Promise<void> {
  emulation('milliseconds per event', 0)
  await settle()
  while (native.takeFailure() !== undefined);
}

export const onDevice = (values: readonly number[] | Float32Array, shape?: readonly number[]): Tensor<'float32'> =>
  tensor(Float32Array.from(values), { device, ...(shape && { shape }) }) as Tensor<'float32'>

/** How programs of their own (see child.ts) come to the device: `call`, `emulation` and `onDevice` as here. */
export const devicePrelude = (kernels: string): string => `
  import { loadKernels, tensor } from './index.js'
  import { openDevice } from './engine/devices.js'
  import { execute, KernelTable } from './engine/execute.js'
  import { native } from './engine/native.js'
  import { Tensor } from './engine/tensor.js'
  openDevice('${device}', ${JSON.stringify(emulatedLibrary)})
  loadKernels(${JSON.stringify(kernels)})
  const call = (name, inputs, params = [], shape = inputs[0].shape) => {
    const [storage] = execute(new KernelTable(name), inputs, [{ shape, dtype: 'float32' }], params)
    return new Tensor(storage, shape, 'float32')
  }
  const numbers = ${JSON.stringify(numbers)}
  const emulation = (number, value = -1) => call('emulation', [tensor([0])], [numbers.indexOf(number), value]).itemSync()
  const onDevice = (values) => tensor(Float32Array.from(values), { device: '${device}' })
  const attempt = (f) => { try { return f() ?? 'fine' } catch (error) { return error.message } }
`
