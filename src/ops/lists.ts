/** Ops whose first argument is an array of tensors: they are no methods of Tensor. */
export { concat, stack } from './concat.js'
