/** Kernels of a test in CUDA, compiled for the emulation as native/cuda/cuda.cmake compiles the library's. */
import { fileURLToPath } from 'node:url'
import { loadKernels } from 'landbridge'
import { loadEmulated } from './emulated.js'
import { buildKernels } from './kernels.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

export const emulationFlags: readonly string[] = [
  ...['-O2', '-ffp-contract=off', '-fvisibility=hidden', '-DLANDBRIDGE_CUDA_EMULATED'],
  ...['-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-Wno-unknown-pragmas', '-I', path('.')],
]

/**
 * Opens the emulated device, and loads the kernels of a file.
 *
 * @param source relative to test/
 */
export function loadCudaKernels(source: string): void {
  loadEmulated()
  loadKernels(buildKernels(path(`../${source}`), emulationFlags))
}
