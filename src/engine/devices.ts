/** The devices that ops can run on: what there is, what it needs to be used, and one sentence where it is not there. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe } from './describe.js'
import { DeviceError } from './errors.js'
import { deviceNames, native, nativePath, type Device } from './native.js'

export interface DeviceInfo {
  device: Device
  available: boolean
  /** Why it is not available, or what it is. */
  description: string
}

/** The CUDA library lies beside the addon: a small file of its own, so that machines without a GPU never open it. */
const cudaLibrary = join(dirname(nativePath), 'landbridge-cuda.so')

/** What was opened, by what it says of itself. */
const opened = new Map<Device, string>()

/**
 * @internal Opens a device by the library that serves it.
 *
 * @throws Error with the reason why it cannot be used
 */
export function openDevice(device: Device, library: string): string {
  const known = opened.get(device)
  if (known !== undefined) return known
  const description = native.loadDevice(library)
  opened.set(device, description)
  return description
}

function cuda(): DeviceInfo {
  if (!existsSync(cudaLibrary)) {
    const description = `this build of landbridge has no CUDA library (${cudaLibrary} is not there)`
    return { device: 'cuda', available: false, description }
  }
  try {
    return { device: 'cuda', available: true, description: openDevice('cuda', cudaLibrary) }
  } catch (error) {
    return { device: 'cuda', available: false, description: error instanceof Error ? error.message : String(error) }
  }
}

/** The devices that ops can run on, and why the others cannot. Loads CUDA, where it is there. */
export function devices(): DeviceInfo[] {
  const info = native.info()
  const emulated = opened.get('cuda-emulated')
  return [
    { device: 'cpu', available: true, description: `${info.isa} kernels on ${info.threads} threads` },
    cuda(),
    ...(emulated === undefined ? [] : [{ device: 'cuda-emulated' as const, available: true, description: emulated }]),
  ]
}

/** Devices that were asked for and found: creating a tensor must not look them up again. */
const usable = new Set<Device>(['cpu'])

/**
 * Makes a device ready for use, at its first use: CUDA is loaded when it is first asked for.
 *
 * @throws DeviceError naming `op`: for what is no device, and, with the reason, for a device that is not there
 */
export function requireDevice(op: string, device: Device): void {
  if (usable.has(device)) return
  if (!deviceNames.includes(device)) {
    throw new DeviceError(op, `a device among ${deviceNames.join(', ')}`, describe(device))
  }
  const found = devices().find((each) => each.device === device)
  if (found?.available !== true) {
    const reason = found?.description ?? 'its library is not loaded'
    throw new DeviceError(op, 'a device that is there', `${device}: ${reason}`)
  }
  usable.add(device)
}
