/** The devices that ops can run on: what there is, what it needs to be used, and one sentence where it is not there. */
import { describe } from './describe.js'
import { DeviceError } from './errors.js'
import { deviceNames, native, type Device } from './native.js'

export interface DeviceInfo {
  device: Device
  available: boolean
  /** Why it is not available, or what it is. */
  description: string
}

/** The devices that ops can run on, and why the others cannot. */
export function devices(): DeviceInfo[] {
  const info = native.info()
  const emulated = native.kernels().some((kernel) => kernel.device === 'cuda-emulated')
  return [
    { device: 'cpu', available: true, description: `${info.isa} kernels on ${info.threads} threads` },
    { device: 'cuda', available: false, description: 'this version has no CUDA backend yet' },
    ...(emulated
      ? [
          {
            device: 'cuda-emulated' as const,
            available: true,
            description: 'CUDA kernels executed on the host, for tests',
          },
        ]
      : []),
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
    const reason = found?.description ?? 'no kernels for it are loaded (see loadKernels)'
    throw new DeviceError(op, 'a device that is there', `${device}: ${reason}`)
  }
  usable.add(device)
}
