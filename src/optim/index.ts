/** Optimisers, gradient clipping, learning-rate schedules. */
export { Adam, AdamW, type AdamOptions } from './adam.js'
export { clipGradNorm } from './clipGradNorm.js'
export type { Group, ParameterGroup } from './groups.js'
export { Optimizer, type LearningRate } from './optimizer.js'
export type { OptimizerState } from './state.js'
export * as schedule from './schedule.js'
export { SGD, type SGDOptions } from './sgd.js'
