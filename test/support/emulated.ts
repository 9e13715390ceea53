/** CUDA kernels compiled for the host: the library that the build makes beside the addon. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openDevice } from '../../src/engine/devices.js'

export const emulatedLibrary = fileURLToPath(
  new URL('../../build/Release/landbridge-cuda-emulated.so', import.meta.url),
)

export function loadEmulated(): boolean {
  if (!existsSync(emulatedLibrary)) {
    console.warn(`${emulatedLibrary} is not built: the cuda-emulated device is skipped`)
    return false
  }
  openDevice('cuda-emulated', emulatedLibrary)
  return true
}
