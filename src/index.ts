/** The public API. */
import './ops/chained.js'

export { Tensor, type DataOf, type NestedArray, type Shape } from './engine/tensor.js'
export type { Device, DType, KernelInfo, MemoryInfo } from './engine/native.js'
export * from './engine/errors.js'
export { devices, type DeviceInfo } from './engine/devices.js'
export { grad, loadKernels, memory, noGrad, ready, setThreads, tidy } from './engine/lifecycle.js'
export { type Precision } from './engine/precision.js'
export { withPrecision } from './engine/withPrecision.js'
export { keep } from './engine/scope.js'
export {
  defineOp,
  type GradientContext,
  type GradientRule,
  type Gradients,
  type InputNames,
  type Op,
  type OpSpec,
  type OutputSpec,
  type TensorLike,
} from './engine/op.js'
export { arange, eye, full, ones, tensor, zeros, type TensorOptions, type Values } from './ops/creation.js'
export { manualSeed } from './engine/random.js'
export { rand, randint, randn, randperm } from './ops/random.js'
export * as ops from './ops/all.js'
export * as data from './data/index.js'
export * as io from './io/index.js'
export * as nn from './nn/index.js'
export * as optim from './optim/index.js'
export * as transfer from './transfer/index.js'
