/** CUDA kernels compiled for the host: the library that the build makes beside the addon. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadKernels } from 'landbridge'

const path = fileURLToPath(new URL('../../build/Release/landbridge-cuda-emulated.so', import.meta.url))

export function loadEmulated(): boolean {
  if (!existsSync(path)) {
    console.warn(`${path} is not built: the cuda-emulated device is skipped`)
    return false
  }
  loadKernels(path)
  return true
}
