/** Checks for ops of one's own: the ones that the built-in ops are tested with. */
export { gradientCheck, GradientCheckError, type GradientCheckOptions } from './gradientCheck.js'
export { nd, ndIndex, ndOf, seeded, type Nd } from './nd.js'
