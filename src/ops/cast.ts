import { describe, parseOptions, tensorArgument } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import { defineOp } from '../engine/op.js'
import { dtypes, type DType } from '../engine/native.js'
import type { Tensor } from '../engine/tensor.js'

const castKernel = defineOp('cast', {
  attrs: { dtype: 'float32' as DType },
  accepts: dtypes,
  shape: ([x], { dtype }) => {
    if (!dtypes.includes(dtype)) throw new ArgumentError('cast', `a dtype among ${dtypes.join(', ')}`, describe(dtype))
    return { shape: x.shape, dtype }
  },
  params: () => [],
})

/**
 * The values in another dtype. To integers: truncated towards zero and saturated, NaN becomes 0; to bool: whether not 0;
 * to float32: exact up to ±2²⁴, the nearest float beyond. Gradients end here: float32 has no other floating dtype to
 * come from or go to.
 */
export function cast<D extends DType>(x: Tensor, options: { dtype: D }): Tensor<D> {
  tensorArgument('cast', 'x', x)
  const { dtype } = parseOptions({ name: 'cast', attrs: { dtype: undefined } }, options) as { dtype: D | undefined }
  if (dtype === undefined) throw new ArgumentError('cast', `a dtype among ${dtypes.join(', ')}`, 'nothing')
  return (x.dtype === dtype ? x : castKernel(x, { dtype })) as Tensor<D>
}

/** bool < uint8 < int32 < float32: the result of mixed operands has the widest of their dtypes. */
const width: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, float32: 3 }

export function widest(...dtypes: DType[]): DType {
  return dtypes.reduce((a, b) => (width[a] >= width[b] ? a : b))
}

/** A `prepare` rule: casts all inputs to the widest of their dtypes, at least `least`. */
export function promote(least: DType) {
  return (inputs: (Tensor | undefined)[]): (Tensor | undefined)[] => {
    const first = inputs[0]?.dtype
    if (first !== undefined && width[first] >= width[least] && inputs.every((each) => each?.dtype === first))
      return inputs
    const dtype = widest(least, ...inputs.filter((each) => each !== undefined).map((each) => each.dtype))
    return inputs.map((each) => (each === undefined || each.dtype === dtype ? each : castKernel(each, { dtype })))
  }
}
