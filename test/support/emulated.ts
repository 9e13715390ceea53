/** CUDA kernels compiled for the host: the library that the build makes beside the addon. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { openDevice } from '../../src/engine/devices.js'
import { nativePath } from '../../src/engine/native.js'

export const emulatedLibrary = join(dirname(nativePath), 'landbridge-cuda-emulated.so')

export function loadEmulated(): boolean {
  if (!existsSync(emulatedLibrary)) {
    console.warn(`${emulatedLibrary} is not built: the cuda-emulated device is skipped`)
    return false
  }
  openDevice('cuda-emulated', emulatedLibrary)
  return true
}
