import { ops, tensor, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { definedOps } from '../../src/engine/op.js'
import { batchNormTrain } from '../../src/ops/batchNorm.js'
import { opCase, type Variant } from '../support/case.js'

const meanOf = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length

function momentsOf(values: readonly number[]): { mean: number; variance: number } {
  const mean = meanOf(values)
  return { mean, variance: meanOf(values.map((value) => (value - mean) ** 2)) }
}

/** The values of channel c. */
const channel = (x: Nd, c: number): number[] =>
  Array.from(x.data).filter((_, i) => i % (x.shape.at(-1) as number) === c)

type Moments = (x: Nd, c: number) => { mean: number; variance: number }

const own: Moments = (x, c) => momentsOf(channel(x, c))

function normalised(x: Nd, moments: Moments, epsilon: number, gamma?: Nd, beta?: Nd): Nd {
  const channels = x.shape.at(-1) as number
  const all = Array.from({ length: channels }, (_, c) => moments(x, c))
  return nd(x.shape, (...index) => {
    const c = index.at(-1) as number
    const { mean, variance } = all[c] as { mean: number; variance: number }
    const value = (ndIndex(x, ...index) - mean) / Math.sqrt(variance + epsilon)
    return value * (gamma ? ndIndex(gamma, c) : 1) + (beta ? ndIndex(beta, c) : 0)
  })
}

function training(name: string, shape: number[], range: [number, number] = [-2, 2], epsilon = 1e-5): Variant {
  const channels = shape.at(-1) as number
  return {
    name,
    inputs: [{ shape, range }, { shape: [channels] }, { shape: [channels] }],
    run: (x: Tensor, gamma: Tensor, beta: Tensor) => ops.batchNorm(x, gamma, beta, { training: true, epsilon }),
    reference: (x: Nd, gamma: Nd, beta?: Nd) => normalised(x, own, epsilon, gamma, beta),
  }
}

const inference = (name: string, shape: number[], withGamma: boolean): Variant => {
  const vector = { shape: [shape.at(-1) as number], range: [0.5, 2] as const }
  const given = (mean: Nd, variance: Nd) => (_: Nd, c: number) => ({
    mean: ndIndex(mean, c),
    variance: ndIndex(variance, c),
  })
  return {
    name,
    inputs: [{ shape }, vector, vector, vector, vector].slice(0, withGamma ? 5 : 3),
    run: (x: Tensor, mean: Tensor, variance: Tensor, gamma?: Tensor, beta?: Tensor) =>
      ops.batchNorm(x, gamma, beta, mean, variance),
    reference: (x: Nd, mean: Nd, variance: Nd, gamma?: Nd, beta?: Nd) =>
      normalised(x, given(mean, variance), 1e-5, gamma, beta),
  }
}

/** Rows of the last `dims` axes, normalised one by one. */
function byRow(dims: number, epsilon: number) {
  return (x: Nd, gamma?: Nd, beta?: Nd): Nd => {
    const size = x.shape.slice(x.shape.length - dims).reduce((a, b) => a * b, 1)
    const data = new Float64Array(x.data.length)
    for (let start = 0; start < data.length; start += size) {
      const { mean, variance } = momentsOf(Array.from(x.data.subarray(start, start + size)))
      for (let i = 0; i < size; i++) {
        const value = ((x.data[start + i] as number) - mean) / Math.sqrt(variance + epsilon)
        data[start + i] = value * (gamma?.data[i] ?? 1) + (beta?.data[i] ?? 0)
      }
    }
    return { shape: x.shape, data }
  }
}

type LayerOptions = { normalizedDims?: number; epsilon?: number }

function layer(name: string, shape: number[], options: LayerOptions = {}, range: [number, number] = [-2, 2]): Variant {
  const dims = options.normalizedDims ?? 1
  const vector = { shape: shape.slice(shape.length - dims) }
  return {
    name,
    inputs: [{ shape, range }, vector, vector],
    run: (x: Tensor, gamma: Tensor, beta: Tensor) => ops.layerNorm(x, gamma, beta, options),
    reference: byRow(dims, options.epsilon ?? 1e-5),
  }
}

const large = (each: Variant, tolerance = 1e-5): Variant => ({ ...each, tolerance, gradient: false })
const layers = [
  layer('rows', [4, 5]),
  layer('one value past the vector width', [2, 17], { epsilon: 1e-3 }),
  layer('two axes', [2, 3, 2, 4], { normalizedDims: 2 }),
]

/** y, the mean and the variance in one number per channel, so that each one's gradient is seen. */
const statistics: Variant = {
  name: 'the moments have gradients too',
  inputs: [{ shape: [5, 3] }, { shape: [3] }],
  run: (x: Tensor, gamma: Tensor) => {
    const [y, mean, variance] = batchNormTrain(x, gamma, undefined, { epsilon: 1e-2 }) as [Tensor, Tensor, Tensor]
    return ops.add(ops.mul(y, y), ops.add(mean, ops.mul(variance, variance)))
  },
  reference: (x: Nd, gamma: Nd) => {
    const y = normalised(x, own, 1e-2, gamma)
    return nd(x.shape, (...index) => {
      const { mean, variance } = own(x, index[1] as number)
      return ndIndex(y, ...index) ** 2 + mean + variance ** 2
    })
  },
}

const onlyMoment = (name: 'mean' | 'variance', at: 1 | 2): Variant => ({
  name: `the ${name} alone`,
  inputs: [{ shape: [300, 5], range: [2, 5] }],
  run: (x: Tensor) => batchNormTrain(x)[at] as Tensor,
  reference: (x: Nd) => nd([5], (c) => own(x, c as number)[name]),
  gradient: false,
})

export default [
  opCase({
    op: 'batchNorm',
    covers: ['batchNormTrain', 'batchNormInfer', 'batchNormGradient'],
    variants: [
      training('rows', [6, 3]),
      training('images', [2, 3, 2, 4], [-2, 2], 1e-3),
      training('one channel', [7, 1]),
      training('no channels', [3, 0]),
      {
        name: 'training without gamma and beta',
        inputs: [{ shape: [5, 2] }],
        run: (x: Tensor) => ops.batchNorm(x, { training: true }),
        reference: (x: Nd) => normalised(x, own, 1e-5),
      },
      { ...training('far from zero', [12, 3], [998, 1002]), second: false, gradientTolerance: 2e-4 },
      large(training('many chunks of rows', [5, 211, 3, 71], [3, 4])),
      statistics,
      {
        ...statistics,
        name: 'the mean alone has a gradient',
        inputs: [{ shape: [4, 3] }],
        run: (x: Tensor) => batchNormTrain(x)[1] as Tensor,
        reference: (x: Nd) => nd([3], (c) => own(x, c as number).mean),
      },
      onlyMoment('mean', 1),
      onlyMoment('variance', 2),
      inference('running statistics', [4, 3], true),
      inference('running statistics alone', [2, 2, 3], false),
      inference('no rows', [0, 3], true),
      large(inference('running statistics, 131 channels', [37, 131], true)),
    ],
    errors: [
      {
        name: 'a vector',
        run: () => ops.batchNorm(tensor([1, 2]), { training: true }),
        message: 'batchNorm: expected x [..., C] of rank 2 or more, received [2]',
      },
      {
        name: 'one row to train on',
        run: () => ops.batchNorm(zeros([1, 3]), { training: true }),
        message: 'batchNorm: expected at least 2 values per channel to train on, received [1, 3]',
      },
      {
        name: 'no running statistics',
        run: () => ops.batchNorm(zeros([2, 3])),
        message: 'batchNorm: expected runningMean and runningVar unless training, received nothing',
      },
      {
        name: 'a gamma of another size',
        run: () => ops.batchNorm(zeros([2, 3]), zeros([2]), { training: true }),
        message: 'batchNorm: expected gamma [3], received [2]',
      },
      {
        name: 'a negative epsilon',
        run: () => ops.batchNorm(zeros([2, 3]), { training: true, epsilon: -1 }),
        message: 'batchNorm: expected a number of at least 0 as epsilon, received -1',
      },
    ],
  }),
  opCase({
    op: 'layerNorm',
    covers: ['layerNormGradient'],
    variants: [
      ...layers,
      layer('a single value per row', [3, 1]),
      layer('no rows', [0, 4]),
      layer('empty rows', [3, 0]),
      {
        name: 'without gamma and beta',
        inputs: [{ shape: [3, 6] }],
        run: (x: Tensor) => ops.layerNorm(x),
        reference: (x: Nd) => byRow(1, 1e-5)(x),
      },
      { ...layer('far from zero', [3, 9], {}, [998, 1002]), second: false, gradientTolerance: 2e-4 },
      large(layer('many rows', [700, 131])),
      ...layers.map((variant, i) => ({
        ...variant,
        name: `the composed twin, ${variant.name}`,
        run: (...inputs: Tensor[]) => {
          const options = [{}, { epsilon: 1e-3 }, { normalizedDims: 2 }][i]
          return definedOps
            .get('layerNorm')
            ?.compose?.(inputs as never, { normalizedDims: 1, epsilon: 1e-5, ...options }) as Tensor
        },
      })),
    ],
    errors: [
      {
        name: 'more axes than there are',
        run: () => ops.layerNorm(zeros([2, 3]), { normalizedDims: 3 }),
        message: 'layerNorm: expected an integer from 1 to 2 as normalizedDims for shape [2, 3], received 3',
      },
      {
        name: 'a beta of another shape',
        run: () => ops.layerNorm(zeros([2, 3]), zeros([3]), zeros([2])),
        message: 'layerNorm: expected beta [3], received [2]',
      },
    ],
  }),
]
