/** Modules: parameters with a forward computation. */
export { BatchNorm, type BatchNormOptions } from './batchNorm.js'
export { Conv1d, Conv2d, ConvTranspose2d } from './conv.js'
export type { Conv1dOptions, Conv2dOptions, ConvTranspose2dOptions } from './conv.js'
export { Dropout } from './dropout.js'
export { Embedding, type EmbeddingOptions } from './embedding.js'
export { Flatten } from './flatten.js'
export { functionalCall } from './functionalCall.js'
export * as init from './init.js'
export type { Initializer } from './init.js'
export { LayerNorm, type LayerNormOptions } from './layerNorm.js'
export { Linear, type Activation, type LinearOptions } from './linear.js'
export { isModule, Module, type AnyModule } from './module.js'
export { parameter } from './parameter.js'
export {
  AvgPool2d,
  GlobalAvgPool2d,
  GlobalMaxPool2d,
  MaxPool2d,
  type AvgPoolOptions,
  type PoolOptions,
} from './pooling.js'
export { Residual, type ResidualOptions } from './residual.js'
export { Sequential, type Layer } from './sequential.js'
export type { LoadedState, StateDict } from './state.js'
