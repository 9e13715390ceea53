/** Which device a run of the tests is about: LANDBRIDGE_TEST_DEVICE. */
import { devices, type Device } from 'landbridge'
import { loadEmulated } from './emulated.js'

const known: readonly Device[] = ['cpu', 'cuda', 'cuda-emulated']

/** The device that LANDBRIDGE_TEST_DEVICE names, or `otherwise`. */
export function testDevice<D extends Device>(otherwise: D): Device {
  const wanted = process.env.LANDBRIDGE_TEST_DEVICE
  if (wanted === undefined) return otherwise
  const device = known.find((each) => each === wanted)
  if (device === undefined) {
    throw new Error(`LANDBRIDGE_TEST_DEVICE: expected one of ${known.join(', ')}, received ${wanted}`)
  }
  return device
}

/** Whether tests can run on a device; says so where not. */
export function isThere(device: Device): boolean {
  if (device === 'cuda-emulated') return loadEmulated()
  const { available, description } = devices().find((each) => each.device === device) ?? {}
  if (available !== true) console.warn(`the ${device} device is skipped: ${description}`)
  return available === true
}
