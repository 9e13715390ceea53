import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { convolve, convolveTransposed, type Axes } from '../support/convolution.js'
import { opCase, type Variant } from '../support/case.js'

type Options = Parameters<typeof ops.convTranspose2d>[3]

function transposed(
  name: string,
  x: number[],
  w: number[],
  options: Options = {},
  axes: Axes = {},
  extra?: number[],
): Variant {
  const filters = (w[2] as number) * (axes.groups ?? 1)
  return {
    name,
    inputs: [{ shape: x }, { shape: w }, { shape: [filters] }],
    run: (image: Tensor, filter: Tensor, bias: Tensor) => ops.convTranspose2d(image, filter, bias, options),
    reference: convolveTransposed(axes, extra),
  }
}

/** A 1-D case as an image one pixel wide. */
function oneDimensional(
  name: string,
  x: number[],
  w: number[],
  options: Exclude<Parameters<typeof ops.conv1d>[3], Tensor | number>,
  axes: Axes,
): Variant {
  const wide = ({ shape: [n, length, c], data }: Nd): Nd => ({
    shape: [n as number, length as number, 1, c as number],
    data,
  })
  const filter = ({ shape: [k, c, f], data }: Nd): Nd => ({ shape: [k as number, 1, c as number, f as number], data })
  return {
    name,
    inputs: [{ shape: x }, { shape: w }, { shape: [w[2] as number] }],
    run: (series: Tensor, taps: Tensor, bias: Tensor) => ops.conv1d(series, taps, bias, options),
    reference: (series: Nd, taps: Nd, bias?: Nd) => {
      const { shape, data } = convolve(axes)(wide(series), filter(taps), bias)
      return { shape: [shape[0] as number, shape[1] as number, shape[3] as number], data }
    },
  }
}

/** The same with a residual, rectified. */
function withTail(name: string, x: number[], w: number[], y: number[]): Variant {
  const plain = oneDimensional(name, x, w, {}, {})
  return {
    ...plain,
    inputs: [...plain.inputs, { shape: y }],
    run: (series: Tensor, taps: Tensor, bias: Tensor, residual: Tensor) =>
      ops.conv1d(series, taps, bias, residual, { activation: 'relu' }),
    reference: (series: Nd, taps: Nd, bias: Nd, residual: Nd) => {
      const z = plain.reference(series, taps, bias)
      return nd(y, (...at) => Math.max(ndIndex(z, ...at) + ndIndex(residual, ...at), 0))
    },
  }
}

const along = (before: number, after: number): Axes['pads'] => [
  [before, after],
  [0, 0],
]

export default [
  opCase({
    op: 'convTranspose2d',
    variants: [
      transposed('stride 1', [1, 2, 3, 2], [2, 2, 3, 2]),
      transposed('strides of its own', [1, 2, 2, 2], [3, 2, 1, 2], { stride: [2, 3] }, { stride: [2, 3] }),
      transposed(
        'padding and output padding',
        [2, 2, 3, 1],
        [3, 3, 2, 1],
        { stride: 2, padding: 1, outputPadding: [1, 0] },
        {
          stride: 2,
          pads: [
            [1, 1],
            [1, 1],
          ],
        },
        [1, 0],
      ),
      transposed('dilation', [1, 3, 2, 2], [2, 2, 2, 2], { dilation: [2, 1] }, { dilation: [2, 1] }),
      transposed('groups', [1, 2, 2, 4], [2, 2, 3, 4], { groups: 2 }, { groups: 2 }),
      transposed('no images', [0, 2, 2, 1], [2, 2, 1, 1]),
      {
        name: 'without a bias',
        inputs: [{ shape: [1, 2, 2, 2] }, { shape: [2, 2, 1, 2] }],
        run: (x: Tensor, w: Tensor) => ops.convTranspose2d(x, w, { stride: 2 }),
        reference: (x: Nd, w: Nd) => convolveTransposed({ stride: 2 })(x, w),
      },
    ],
    errors: [
      {
        name: 'an output padding as large as the stride',
        run: () => ops.convTranspose2d(zeros([1, 2, 2, 1]), zeros([2, 2, 1, 1]), { stride: 2, outputPadding: 2 }),
        message: 'convTranspose2d: expected an outputPadding below the stride, received 2',
      },
      {
        name: 'other channels',
        run: () => ops.convTranspose2d(zeros([1, 2, 2, 3]), zeros([2, 2, 1, 2])),
        message:
          'convTranspose2d: expected w [kh, kw, F/groups, C] for the C of x, which groups divides, ' +
          'received [2, 2, 1, 2] for 3 channels in 1 groups',
      },
      {
        name: 'padding that leaves nothing',
        run: () => ops.convTranspose2d(zeros([1, 1, 1, 1]), zeros([2, 2, 1, 1]), { padding: 1 }),
        message: 'convTranspose2d: expected a result of at least 1 x 1, received padding that leaves 0 x 0',
      },
    ],
  }),
  opCase({
    op: 'conv1d',
    variants: [
      oneDimensional('plain', [2, 5, 2], [3, 2, 2], {}, {}),
      oneDimensional(
        'causal',
        [1, 6, 2],
        [3, 2, 1],
        { padding: [4, 0], dilation: 2 },
        { pads: along(4, 0), dilation: [2, 1] },
      ),
      oneDimensional(
        "'same', strided, in groups",
        [1, 7, 4],
        [2, 2, 2],
        { padding: 'same', stride: 2, groups: 2 },
        { pads: along(0, 1), stride: [2, 1], groups: 2 },
      ),
      withTail('bias, residual and rectifier', [2, 4, 2], [2, 2, 3], [2, 3, 3]),
    ],
    errors: [
      {
        name: 'an image',
        run: () => ops.conv1d(zeros([1, 2, 2, 1]), zeros([1, 1, 1])),
        message: 'conv1d: expected x [N, L, C], received [1, 2, 2, 1]',
      },
      {
        name: 'a kernel longer than the series',
        run: () => ops.conv1d(zeros([1, 2, 1]), zeros([3, 1, 1]), tensor([0])),
        message: 'conv1d: expected a kernel within the padded input 2 x 1, received 3 x 1',
      },
      {
        name: 'a residual of another shape',
        run: () => ops.conv1d(zeros([1, 2, 1]), zeros([1, 1, 1]), undefined, zeros([1, 1, 1])),
        message: 'conv1d: expected residual [1, 2, 1], received [1, 1, 1]',
      },
      {
        name: 'an activation that it does not fuse',
        run: () => ops.conv1d(zeros([1, 2, 1]), zeros([1, 1, 1]), { activation: 'tanh' as 'relu' }),
        message: "conv1d: expected 'none' or 'relu' as activation, received \"tanh\"",
      },
      {
        name: 'two strides',
        run: () => ops.conv1d(zeros([1, 2, 1]), zeros([1, 1, 1]), { stride: [1, 2] as never }),
        message: 'conv1d: expected an integer as stride, received [1, 2]',
      },
    ],
  }),
]
