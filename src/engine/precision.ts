/** How products of matrices are computed: the choice in force, and what the native side was told of it. */
import { native } from './native.js'

/** float32 throughout; or operands rounded to TF32 (10 bits of fraction) or bfloat16 (7 bits), with float32 sums. */
export type Precision = 'float32' | 'tf32' | 'bfloat16'

/** Their numbers in native/include/landbridge/kernel.h. */
const numbers = { float32: 0, tf32: 1, bfloat16: 2 } as const

export const precisions: readonly Precision[] = ['float32', 'tf32', 'bfloat16']

let current: Precision = 'float32'

export function currentPrecision(): Precision {
  return current
}

/** Sets the precision of what is issued from now on; most often it is in force already. */
export function usePrecision(precision: Precision): void {
  if (precision === current) return
  native.precision(numbers[precision])
  current = precision
}
