/** Where an example computes: `--device cuda` on its command line, or the CPU. */
import { devices, type Device } from 'landbridge'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { device: { type: 'string', default: 'cpu' } } })
const found = devices().find((each) => each.device === values.device)
if (found?.available !== true) throw new Error(`${values.device}: ${found?.description ?? 'no such device'}`)

export const device: Device = found.device
