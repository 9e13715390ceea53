/** Modules: parameters with a forward computation. */
export { functionalCall } from './functionalCall.js'
export * as init from './init.js'
export type { Initializer } from './init.js'
export { Linear, type LinearOptions } from './linear.js'
export { isModule, Module, type AnyModule } from './module.js'
export { parameter } from './parameter.js'
export { Sequential, type Layer } from './sequential.js'
export type { LoadedState, StateDict } from './state.js'
