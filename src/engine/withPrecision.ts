import { describe, functionArgument } from './arguments.js'
import { ArgumentError } from './errors.js'
import { currentPrecision, precisions, usePrecision, type Precision } from './precision.js'
import { refusePromise } from './scope.js'

/** Throws ArgumentError for what is no precision. */
export function checkPrecision(op: string, precision: Precision): void {
  if (precisions.includes(precision)) return
  const names = precisions.map((each) => `'${each}'`).join(', ')
  throw new ArgumentError(op, `${names} as precision`, describe(precision))
}

/**
 * Runs a synchronous function in which products of matrices (`matmul`, `linear`, convolutions, `lstm`, `gru`) are
 * computed from operands rounded to TF32 or bfloat16, with float32 sums, on devices that can: `'cuda'`. Tensors stay
 * float32 in memory, so parameters are the float32 master weights of mixed precision, and everything else is computed
 * in float32. `mmd` and `coral` round the products inside them as well: compute losses outside, as `transfer.fit` does,
 * unless that is wanted. The gradient of an op has the precision of the op, wherever `backward` is called. On `'cpu'`
 * all is float32, whatever is asked for.
 *
 * @param precision default outside of any call: `'float32'`
 * @throws ArgumentError for another precision, and when `f` returns a promise
 */
export function withPrecision<T>(precision: Precision, f: () => T): T {
  checkPrecision('withPrecision', precision)
  functionArgument('withPrecision', f)
  const outer = currentPrecision()
  usePrecision(precision)
  try {
    const result = f()
    refusePromise('withPrecision', result)
    return result
  } finally {
    usePrecision(outer)
  }
}
