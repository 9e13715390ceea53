import { ops, tensor } from 'landbridge'
import { nd, ndOf, type Nd } from 'landbridge/testing'
import { opCase, type Sample, type Variant } from '../support/case.js'

interface CrossEntropyOptions {
  reduction?: 'mean' | 'sum' | 'none'
  labelSmoothing?: number
}

/** By the definition, with probabilities of 0 and 1 for classes. */
function crossEntropy({ reduction = 'mean', labelSmoothing: s = 0 }: CrossEntropyOptions) {
  return (logits: Nd, targets: Nd, weight?: Nd): Nd => {
    const c = logits.shape.at(-1) as number
    const rows = logits.data.length / c
    const classes = targets.data.length === rows && targets.shape.length < logits.shape.length
    const w = (k: number) => weight?.data[k] ?? 1
    const losses = Array.from({ length: rows }, (_, i) => {
      const x = [...logits.data.slice(i * c, (i + 1) * c)]
      const largest = Math.max(...x)
      const logSum = largest + Math.log(x.reduce((sum, v) => sum + Math.exp(v - largest), 0))
      const t = (k: number) => (classes ? Number(targets.data[i] === k) : (targets.data[i * c + k] as number))
      return x.reduce((sum, v, k) => sum + w(k) * ((1 - s) * t(k) + s / c) * (logSum - v), 0)
    })
    if (reduction === 'none') return ndOf(logits.shape.slice(0, -1), losses)
    const divisor = classes ? targets.data.reduce((sum, y) => sum + w(y), 0) : rows
    const total = losses.reduce((a, b) => a + b, 0)
    return nd([], () => (reduction === 'sum' ? total : total / divisor))
  }
}

const classes = (shape: number[], values: number[]): Sample => ({ shape, values, dtype: 'int32' })
const weight: Sample = { shape: [4], values: [0.5, 2, 1, 3], requiresGrad: false }
const variant = (name: string, inputs: Sample[], options: CrossEntropyOptions = {}): Variant => ({
  name,
  inputs,
  run: (x, t, w) => (w ? ops.crossEntropy(x, t, w, options) : ops.crossEntropy(x, t, options)),
  reference: crossEntropy(options),
})
const rows: Sample = { shape: [3, 4] }
const targets = classes([3], [3, 0, 1])
const soft: Sample = { shape: [3, 4], range: [0, 1] }

export default opCase({
  op: 'crossEntropy',
  covers: ['crossEntropyOfClasses'],
  variants: [
    variant('classes', [rows, targets]),
    variant('classes, sum', [rows, targets], { reduction: 'sum' }),
    variant('classes, each', [{ shape: [2, 3, 4] }, classes([2, 3], [0, 1, 2, 3, 0, 2])], { reduction: 'none' }),
    variant('classes, smoothed', [rows, targets], { labelSmoothing: 0.2 }),
    variant('classes, weighted', [rows, targets, weight]),
    variant('classes, weighted and smoothed', [rows, targets, weight], { labelSmoothing: 0.3 }),
    variant('classes, weighted, each', [rows, targets, weight], { reduction: 'none' }),
    variant('one class', [{ shape: [3, 1] }, classes([3], [0, 0, 0])]),
    variant('one row of many classes', [{ shape: [37] }, classes([], [36])]),
    variant('no rows', [{ shape: [0, 3] }, classes([0], [])], { reduction: 'sum' }),
    {
      ...variant('large logits', [{ shape: [2, 3], values: [1000, 0, -1000, 500, 501, 400] }, classes([2], [1, 0])]),
      second: false,
    },
    {
      ...variant('more rows than a chunk', [{ shape: [9000, 2] }, classes([9000], new Array<number>(9000).fill(1))]),
      gradient: false,
    },
    variant('probabilities', [rows, soft]),
    variant('probabilities, smoothed', [rows, soft], { labelSmoothing: 0.2, reduction: 'none' }),
    variant('probabilities, weighted', [rows, soft, weight], { reduction: 'sum' }),
  ],
  errors: [
    {
      name: 'a class that does not exist',
      run: () => ops.crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([2]))).itemSync(),
      message: 'crossEntropy: expected classes from 0 to 1, received 2',
    },
    {
      name: 'a negative class',
      run: () => ops.crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([-1]))).itemSync(),
      message: 'crossEntropy: expected classes from 0 to 1, received -1',
    },
    {
      name: 'too few classes',
      run: () =>
        ops.crossEntropy(
          tensor([
            [1, 2],
            [3, 4],
          ]),
          tensor(new Int32Array([0])),
        ),
      message: 'crossEntropy: expected classes of shape [2], received [1]',
    },
    {
      name: 'classes as floats',
      run: () => ops.crossEntropy(tensor([[1, 2]]), tensor([1])),
      message: 'crossEntropy: expected probabilities of shape [1, 2], received [1]',
    },
    {
      name: 'smoothing above 1',
      run: () => ops.crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([0])), { labelSmoothing: 2 }),
      message: 'crossEntropy: expected a number from 0 to 1 as labelSmoothing, received 2',
    },
    {
      name: 'weights of other classes',
      run: () => ops.crossEntropy(tensor([[1, 2]]), tensor(new Int32Array([0])), tensor([1, 2, 3])),
      message: 'crossEntropy: expected weight of shape [2], received [3]',
    },
  ],
})
