import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { conv2dFilter, conv2dInput } from '../../src/ops/conv2d.js'
import { convolve, convolveFilter, convolveTransposed, type Axes } from '../support/convolution.js'
import { opCase, type Variant } from '../support/case.js'

type Options = Exclude<Parameters<typeof ops.conv2d>[3], Tensor | number>

/** `axes`: the same geometry, worked out by hand for the reference. */
function variant(name: string, x: number[], w: number[], options: Options = {}, axes: Axes = {}): Variant {
  return {
    name,
    inputs: [{ shape: x }, { shape: w }],
    run: (image: Tensor, filter: Tensor) => ops.conv2d(image, filter, undefined, options),
    reference: (image: Nd, filter: Nd) => convolve(axes)(image, filter),
  }
}

/** A variant with a bias as well. */
function biased(name: string, x: number[], w: number[], options: Options = {}, axes: Axes = {}): Variant {
  return {
    name,
    inputs: [{ shape: x }, { shape: w }, { shape: [w[3] as number] }],
    run: (image: Tensor, filter: Tensor, bias: Tensor) => ops.conv2d(image, filter, bias, options),
    reference: convolve(axes),
  }
}

/** A variant with a residual of shape y and perhaps a rectifier; with a bias where `bias` says so. */
function fused(
  name: string,
  [x, w, y]: readonly [number[], number[], number[]],
  options: Options & { bias?: boolean },
  axes: Axes = {},
): Variant {
  const { bias = false, ...rest } = options ?? {}
  const split = <T>(more: readonly T[]) => (bias ? ([more[0], more[1]] as const) : ([undefined, more[0]] as const))
  return {
    name,
    inputs: [{ shape: x }, { shape: w }, ...(bias ? [{ shape: [w[3] as number] }] : []), { shape: y }],
    run: (image: Tensor, filter: Tensor, ...more: Tensor[]) => ops.conv2d(image, filter, ...split(more), rest),
    reference: (image: Nd, filter: Nd, ...more: Nd[]) => {
      const [b, residual] = split(more)
      const z = convolve(axes)(image, filter, b)
      const add = (...at: number[]) => ndIndex(z, ...at) + (residual ? ndIndex(residual, ...at) : 0)
      return nd(z.shape, (...at) => (rest.activation === 'relu' ? Math.max(add(...at), 0) : add(...at)))
    },
  }
}

/** A variant whose result is rectified. */
const rectified = (each: Variant, run: Variant['run']): Variant => ({
  ...each,
  run,
  reference: (...inputs) => {
    const y = each.reference(...inputs)
    return nd(y.shape, (...at) => Math.max(ndIndex(y, ...at), 0))
  },
})

const padded = (top: number, bottom = top, left = top, right = left): Axes['pads'] => [
  [top, bottom],
  [left, right],
]
const large = (each: Variant): Variant => ({ ...each, gradient: false })

const variants: Variant[] = [
  variant('3 x 3', [2, 4, 3, 2], [3, 3, 2, 2]),
  biased('a bias and padding', [1, 3, 4, 2], [3, 3, 2, 3], { padding: 1 }, { pads: padded(1) }),
  biased('pointwise, with a bias', [2, 2, 3, 4], [1, 1, 4, 3]),
  variant('pointwise, strided', [1, 5, 3, 2], [1, 1, 2, 3], { stride: 2 }, { stride: 2 }),
  variant('pointwise, in groups', [1, 3, 2, 4], [1, 1, 2, 6], { groups: 2 }, { groups: 2 }),
  variant('pointwise, padded', [1, 2, 2, 2], [1, 1, 2, 2], { padding: 1 }, { pads: padded(1) }),
  variant("an even kernel, 'same'", [1, 4, 3, 2], [2, 2, 2, 2], { padding: 'same' }, { pads: padded(0, 1, 0, 1) }),
  variant(
    "'same' with strides",
    [1, 5, 4, 1],
    [3, 4, 1, 2],
    { padding: 'same', stride: [2, 3] },
    { pads: padded(1, 1, 1, 2), stride: [2, 3] },
  ),
  variant(
    "'valid', strides of its own",
    [1, 6, 5, 1],
    [3, 2, 1, 2],
    { padding: 'valid', stride: [2, 1] },
    { stride: [2, 1] },
  ),
  variant('rows that no window reaches', [1, 6, 6, 1], [2, 2, 1, 1], { stride: 3 }, { stride: 3 }),
  variant('more padding than kernel', [1, 2, 1, 2], [2, 1, 2, 1], { padding: [3, 2] }, { pads: padded(3, 3, 2) }),
  variant(
    'a side for each padding',
    [1, 3, 3, 1],
    [2, 3, 1, 2],
    {
      padding: [
        [0, 2],
        [1, 0],
      ],
    },
    { pads: padded(0, 2, 1, 0) },
  ),
  variant(
    'dilation',
    [1, 5, 6, 1],
    [2, 3, 1, 2],
    { dilation: [3, 2], padding: 1 },
    { dilation: [3, 2], pads: padded(1) },
  ),
  biased('groups', [1, 3, 3, 4], [2, 2, 2, 6], { groups: 2 }, { groups: 2 }),
  biased(
    'depthwise',
    [1, 4, 3, 5],
    [3, 2, 1, 5],
    { groups: 5, padding: 1, stride: [2, 1] },
    { groups: 5, pads: padded(1), stride: [2, 1] },
  ),
  variant(
    'depthwise, dilated',
    [2, 5, 2, 3],
    [2, 2, 1, 3],
    { groups: 3, dilation: [2, 1] },
    { groups: 3, dilation: [2, 1] },
  ),
  variant('depthwise, two filters per channel', [1, 3, 3, 3], [2, 2, 1, 6], { groups: 3 }, { groups: 3 }),
  variant('one pixel', [1, 1, 1, 1], [1, 1, 1, 1]),
  variant('no images', [0, 3, 3, 2], [3, 3, 2, 2]),
  biased('no channels', [1, 2, 2, 0], [1, 2, 0, 2]),
  rectified(variant('rectified', [1, 4, 3, 2], [3, 2, 2, 3]), (x: Tensor, w: Tensor) =>
    ops.conv2d(x, w, { activation: 'relu' }),
  ),
  rectified(
    biased('rectified, with a bias', [2, 3, 3, 2], [3, 3, 2, 2], {}, { pads: padded(1) }),
    (x: Tensor, w: Tensor, bias: Tensor) => ops.conv2d(x, w, bias, { padding: 1, activation: 'relu' }),
  ),
  fused('a residual', [[1, 3, 4, 2], [3, 3, 2, 2], [1, 1, 2, 2]], {}), // prettier-ignore
  fused(
    'bias, residual and rectifier',
    [[2, 3, 3, 2], [3, 3, 2, 3], [2, 3, 3, 3]], // prettier-ignore
    { bias: true, padding: 1, activation: 'relu' },
    { pads: padded(1) },
  ),
  fused(
    'bias, residual and rectifier, pointwise',
    [[1, 2, 3, 2], [1, 1, 2, 4], [1, 2, 3, 4]], // prettier-ignore
    { bias: true, activation: 'relu' },
  ),
  fused(
    'residual and rectifier in groups, strided',
    [[1, 4, 3, 4], [2, 1, 2, 4], [1, 2, 2, 4]], // prettier-ignore
    { groups: 2, stride: 2, activation: 'relu' },
    { groups: 2, stride: 2 },
  ),
  fused(
    'bias, residual and rectifier, depthwise',
    [[1, 3, 3, 3], [2, 2, 1, 3], [1, 2, 2, 3]], // prettier-ignore
    { bias: true, groups: 3, activation: 'relu' },
    { groups: 3 },
  ),
  fused('a residual of nothing', [[0, 3, 3, 1], [3, 3, 1, 2], [0, 1, 1, 2]], { activation: 'relu' }), // prettier-ignore
  large(
    fused(
      'bias, residual and rectifier beside the vector width',
      [[2, 9, 7, 19], [3, 3, 19, 33], [2, 9, 7, 33]], // prettier-ignore
      { bias: true, padding: 1, activation: 'relu' },
      { pads: padded(1) },
    ),
  ),
  biased('without Winograd', [1, 6, 6, 2], [3, 3, 2, 2], { padding: 1, winograd: false }, { pads: padded(1) }),
  large(biased('channels beside the vector width', [2, 9, 7, 19], [3, 3, 19, 33], { padding: 1 }, { pads: padded(1) })),
  large(
    biased(
      'depthwise, 35 channels',
      [2, 5, 6, 35],
      [3, 3, 1, 35],
      { groups: 35, padding: 'same' },
      { groups: 35, pads: padded(1) },
    ),
  ),
]

/** A geometry with everything in it, for the gradients as ops of their own. */
const rich = {
  stride: [2, 1],
  padding: [
    [1, 1],
    [0, 2],
  ],
  dilation: [1, 2],
  groups: 3,
} as const
const richAxes: Axes = { ...rich, pads: rich.padding }

export default [
  opCase({
    op: 'conv2d',
    variants,
    errors: [
      {
        name: 'a matrix',
        run: () => ops.conv2d(tensor([[1, 2]]), zeros([1, 1, 1, 1])),
        message: 'conv2d: expected x [N, H, W, C], received [1, 2]',
      },
      {
        name: 'a filter of rank 3',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1])),
        message: 'conv2d: expected w [kh, kw, C/groups, F] with kh and kw of at least 1, received [1, 1, 1]',
      },
      {
        name: 'other channels',
        run: () => ops.conv2d(zeros([1, 2, 2, 3]), zeros([1, 1, 2, 4])),
        message: 'conv2d: expected w [kh, kw, 3, F] for 3 input channels, received [1, 1, 2, 4]',
      },
      {
        name: 'groups that do not divide',
        run: () => ops.conv2d(zeros([1, 2, 2, 3]), zeros([1, 1, 1, 4]), { groups: 2 }),
        message: 'conv2d: expected channels and filters that groups divides, received 3, 4 and 2 groups',
      },
      {
        name: 'groups of 1.5',
        run: () => ops.conv2d(zeros([1, 2, 2, 3]), zeros([1, 1, 1, 4]), { groups: 1.5 }),
        message: 'conv2d: expected an integer of at least 1 as groups, received 1.5',
      },
      {
        name: 'a kernel larger than the image',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([3, 3, 1, 1])),
        message: 'conv2d: expected a kernel within the padded input 2 x 2, received 3 x 3',
      },
      {
        name: 'a dilated kernel larger than the image',
        run: () => ops.conv2d(zeros([1, 4, 4, 1]), zeros([3, 3, 1, 1]), { dilation: 2 }),
        message: 'conv2d: expected a kernel within the padded input 4 x 4, received 5 x 5 with its dilation',
      },
      {
        name: 'a stride of 0',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 1]), { stride: 0 }),
        message: 'conv2d: expected an integer of at least 1 as stride, or two, received 0',
      },
      {
        name: 'an unknown padding',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 1]), { padding: 'full' as 'same' }),
        message:
          "conv2d: expected 'same', 'valid', or integers of at least 0: one, [height, width] or " +
          '[[top, bottom], [left, right]] as padding, received "full"',
      },
      {
        name: 'a bias of another size',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 2]), tensor([1])),
        message: 'conv2d: expected bias [2], received [1]',
      },
      {
        name: 'a residual of another shape',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 2]), undefined, zeros([1, 1, 1, 2])),
        message: 'conv2d: expected residual [1, 2, 2, 2], received [1, 1, 1, 2]',
      },
      {
        name: 'an activation that it does not fuse',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 2]), { activation: 'gelu' as 'relu' }),
        message: "conv2d: expected 'none' or 'relu' as activation, received \"gelu\"",
      },
      {
        name: 'a number as winograd',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 2]), { winograd: 1 as never }),
        message: 'conv2d: expected true or false as winograd, received 1',
      },
      {
        name: 'a NaN stride',
        run: () => ops.conv2d(zeros([1, 2, 2, 1]), zeros([1, 1, 1, 2]), { stride: NaN }),
        message: 'conv2d: expected a number as stride, received NaN',
      },
    ],
  }),
  opCase({
    op: 'conv2dInput',
    variants: [
      {
        name: 'strides, padding, dilation, groups',
        inputs: [{ shape: [1, 3, 2, 3] }, { shape: [2, 2, 2, 3] }],
        run: (dy: Tensor, w: Tensor) => conv2dInput(dy, w, { ...rich, size: [4, 2] }),
        reference: (dy: Nd, w: Nd) => convolveTransposed(richAxes)(dy, w),
      },
      {
        name: 'without Winograd',
        inputs: [{ shape: [1, 4, 4, 2] }, { shape: [3, 3, 2, 2] }],
        run: (dy: Tensor, w: Tensor) => conv2dInput(dy, w, { size: [6, 6], winograd: false }),
        reference: (dy: Nd, w: Nd) => convolveTransposed({})(dy, w),
      },
      {
        name: 'a batch past one tile',
        inputs: [{ shape: [2, 60, 60, 8] }, { shape: [5, 5, 11, 8] }],
        run: (dy: Tensor, w: Tensor) => conv2dInput(dy, w, { size: [64, 64] }),
        reference: (dy: Nd, w: Nd) => convolveTransposed({})(dy, w),
        gradient: false,
      },
    ],
  }),
  opCase({
    op: 'conv2dFilter',
    variants: [
      {
        name: 'strides, padding, dilation, groups',
        inputs: [{ shape: [1, 4, 2, 6] }, { shape: [1, 3, 2, 3] }],
        run: (x: Tensor, dy: Tensor) => conv2dFilter(x, dy, { ...rich, size: [2, 2] }),
        reference: convolveFilter(richAxes, [2, 2]),
      },
      {
        name: 'partial sums over several tiles',
        inputs: [{ shape: [3, 130, 96, 4] }, { shape: [3, 128, 94, 1] }],
        run: (x: Tensor, dy: Tensor) => conv2dFilter(x, dy, { size: [3, 3] }),
        reference: convolveFilter({}, [3, 3]),
        gradient: false,
      },
      {
        name: 'depthwise, several runs of rows',
        inputs: [{ shape: [2, 40, 5, 3] }, { shape: [2, 40, 5, 3] }],
        run: (x: Tensor, dy: Tensor) => conv2dFilter(x, dy, { size: [1, 1], groups: 3 }),
        reference: convolveFilter({ groups: 3 }, [1, 1]),
        gradient: false,
      },
    ],
  }),
]
