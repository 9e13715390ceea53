export { coral } from './coral.js'
export { mmd, type MmdAlignmentOptions } from './mmd.js'
export { ramp, type AlignmentOptions } from './ramp.js'
