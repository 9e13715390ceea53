/** Every op whose first argument is a tensor is a method of Tensor as well. */
import { Tensor } from '../engine/tensor.js'
import * as ops from './all.js'
import * as lists from './lists.js'

type Ops = typeof ops

/** An op without its first argument. */
type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never

// By name alone: asking an op's type whether it takes a list would ask for the type of Tensor, in a circle.
type Chained = { [K in Exclude<keyof Ops, keyof typeof lists>]: Method<Ops[K]> }

declare module '../engine/tensor.js' {
  interface Tensor extends Chained {}
}

for (const [name, op] of Object.entries(ops)) {
  if (name in lists) continue
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: never[]) {
      return (op as (x: Tensor, ...rest: never[]) => unknown)(this, ...rest)
    },
    writable: true,
    configurable: true,
  })
}
