import { ArgumentError, ShapeError } from '../engine/errors.js'
import { describe } from '../engine/arguments.js'
import { defineOp } from '../engine/op.js'
import type { Tensor } from '../engine/tensor.js'
import { add } from './arithmetic.js'
import { checkBias, checkFilter, conv2dInput } from './conv2d.js'
import { pairOf, spatialSize, type Pair } from './window.js'

const NAME = 'convTranspose2d'
const options = {
  stride: 1 as Pair,
  padding: 0 as Pair,
  outputPadding: 0 as Pair,
  dilation: 1 as Pair,
  groups: 1,
  winograd: true,
}
type Options = typeof options

/** Checks everything and spells the options out as the convolution's, whose transpose this is. */
function transposed(x: Tensor, w: Tensor, { groups, winograd, ...rest }: Options) {
  const [stride, dilation] = [pairOf(NAME, 'stride', rest.stride, 1), pairOf(NAME, 'dilation', rest.dilation, 1)]
  const padding = pairOf(NAME, 'padding', rest.padding, 0)
  const extra = pairOf(NAME, 'outputPadding', rest.outputPadding, 0)
  const input = spatialSize(NAME, x)
  checkFilter(NAME, w.shape, groups)
  if (w.shape[3] !== x.shape[3] || (x.shape[3] as number) % groups !== 0) {
    const expected = `w [kh, kw, F/groups, C] for the C of x, which groups divides`
    throw new ShapeError(NAME, expected, `[${w.shape.join(', ')}] for ${x.shape[3]} channels in ${groups} groups`)
  }
  if (extra.some((each, i) => each >= (stride[i] as number))) {
    throw new ArgumentError(NAME, 'an outputPadding below the stride', describe(rest.outputPadding))
  }
  const size = [0, 1].map((i) => {
    const extent = (dilation[i] as number) * ((w.shape[i] as number) - 1) + 1
    const steps = ((input[i] as number) - 1) * (stride[i] as number)
    return steps + extent - 2 * (padding[i] as number) + (extra[i] as number)
  }) as [number, number]
  if (size.some((each) => each < 1)) {
    throw new ShapeError(NAME, 'a result of at least 1 x 1', `padding that leaves ${size.join(' x ')}`)
  }
  const [top, left] = padding
  return {
    stride,
    dilation,
    groups,
    winograd,
    size,
    padding: [
      [top, top],
      [left, left],
    ] as const,
  }
}

/**
 * Transposed 2-D convolution: the gradient of `conv2d` with respect to its input, as an op of its own. NHWC.
 * (tfjs: `conv2dTranspose`, where the result's shape is given instead of the padding)
 *
 * @param x [N, H, W, C]
 * @param w filters [kh, kw, F/groups, C]: PyTorch's [C, F/groups, kh, kw] in the order of the conv2d that it transposes
 * @param bias [F], optional
 * @param options.stride one integer or [height, width]; default 1
 * @param options.padding what the convolution would pad, cropped from the result; default 0
 * @param options.outputPadding rows and columns added at the end of the result, below the stride; default 0
 * @param options.dilation distance of neighbouring taps; default 1
 * @param options.groups default 1
 * @param options.winograd as for `conv2d`; default true
 * @returns [N, H', W', F] with H' = (H − 1)·stride − 2·padding + dilation·(kh − 1) + outputPadding + 1
 */
export const convTranspose2d = defineOp(NAME, {
  inputs: ['x', 'w', 'bias?'],
  attrs: options,
  shape: ([x, w, bias], attrs) => {
    const { size } = transposed(x, w, attrs)
    const filters = (w.shape[2] as number) * attrs.groups
    checkBias(NAME, bias, filters)
    return [x.shape[0] as number, ...size, filters]
  },
  compose: ([x, w, bias], attrs): Tensor => {
    const y = conv2dInput(x, w, transposed(x, w, attrs))
    return bias === undefined ? y : add(y, bias)
  },
})
