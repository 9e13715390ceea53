/** The emulated device for tests of the runtime: kernels that show its workings, and failures to order. */
import { fileURLToPath } from 'node:url'
import { loadKernels, tensor, type Tensor } from 'landbridge'
import { emulatedLibrary, loadEmulated } from './emulated.js'
import { buildKernels, call } from './kernels.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const device = 'cuda-emulated'

/** The numbers of test/support/cuda_runtime_emulation.h, in the order of deviceKernels.cc. */
const numbers = [
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

export const onDevice = (values: readonly number[] | Float32Array, shape?: readonly number[]): Tensor<'float32'> =>
  tensor(Float32Array.from(values), { device, ...(shape && { shape }) }) as Tensor<'float32'>
