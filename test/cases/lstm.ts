import { ops, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { lstm, lstmTwin } from '../../src/ops/lstm.js'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { lstmReference, type Sequences } from '../support/recurrent.js'

type Given = [Tensor, Tensor, Tensor, Tensor?, Tensor?, Tensor?]
type GivenNd = [Nd, Nd, Nd, Nd?, Nd?, Nd?]
interface Sizes {
  n: number
  t: number
  c: number
  h: number
}

/** x, the weights, the bias and both states. */
const samples = ({ n, t, c, h }: Sizes, range: readonly [number, number] = [-1, 1]): Sample[] => [
  { shape: [n, t, c] },
  { shape: [c, 4 * h], range },
  { shape: [h, 4 * h], range },
  { shape: [4 * h] },
  { shape: [n, h] },
  { shape: [n, h] },
]

/** All three results in one tensor, each with its own part in the gradient. */
const together = ([output, h, c]: Tensor[]): Tensor =>
  ops.add(
    output as Tensor,
    ops.unsqueeze(ops.add(ops.mul(h as Tensor, 2), ops.mul(c as Tensor, c as Tensor)), { axis: 1 }),
  )
const togetherNd = ({ output, h, c }: Sequences): Nd =>
  nd(output.shape, (...index) => {
    const [n, , i] = index as [number, number, number]
    return ndIndex(output, ...index) + 2 * ndIndex(h, n, i) + ndIndex(c, n, i) ** 2
  })

const whole = (name: string, sizes: Sizes, reverse = false): Variant => ({
  name,
  inputs: samples(sizes),
  run: (...inputs: Tensor[]) => together(lstm(...(inputs as Given), { reverse })),
  reference: (...inputs: Nd[]) => togetherNd(lstmReference(inputs as GivenNd, reverse)),
})

/** One result alone: the gradients of the others are absent. */
const only = (name: string, at: 0 | 1 | 2, key: keyof Sequences, inputs: number): Variant => ({
  name,
  inputs: samples({ n: 2, t: 3, c: 2, h: 3 }).slice(0, inputs),
  run: (...given: Tensor[]) => {
    const results = lstm(...(given as Given))
    results.forEach((each, i) => i !== at && each.dispose())
    return results[at] as Tensor
  },
  reference: (...given: Nd[]) => lstmReference(given as GivenNd)[key],
})

const large = (name: string, sizes: Sizes, reverse: boolean): Variant => ({
  ...whole(name, sizes, reverse),
  inputs: samples(sizes, [-0.3, 0.3]),
  gradient: false,
})

const x = () => zeros([2, 3, 4])
export default opCase({
  op: 'lstm',
  covers: ['lstmGradient'],
  variants: [
    whole('all inputs and results', { n: 2, t: 3, c: 2, h: 3 }),
    whole('in reverse', { n: 3, t: 2, c: 3, h: 2 }, true),
    whole('sizes of one', { n: 1, t: 1, c: 1, h: 1 }),
    whole('one step', { n: 3, t: 1, c: 2, h: 3 }),
    { ...whole('no rows', { n: 0, t: 2, c: 2, h: 3 }) },
    only('the output alone, no bias and no states', 0, 'output', 3),
    only('the last h alone', 1, 'h', 4),
    only('the last c alone', 2, 'c', 6),
    large('primes past vectors, tiles and blocks', { n: 37, t: 7, c: 11, h: 23 }, false),
    large('four vectors and one, in reverse', { n: 19, t: 5, c: 3, h: 83 }, true),
    {
      name: 'large values saturate',
      inputs: samples({ n: 2, t: 4, c: 3, h: 2 }).map((sample) => ({ ...sample, range: [-60, 60] as const })),
      run: (...inputs: Tensor[]) => together(lstm(...(inputs as Given))),
      reference: (...inputs: Nd[]) => togetherNd(lstmReference(inputs as GivenNd)),
      gradient: false,
    },
    ...[false, true].map((reverse) => ({
      ...whole(`the composed twin${reverse ? ', in reverse' : ''}`, { n: 2, t: 3, c: 2, h: 2 }, reverse),
      run: (...inputs: Tensor[]) => together(lstmTwin(inputs as Given, reverse)),
    })),
  ],
  errors: [
    {
      name: 'a matrix',
      run: () => ops.lstm(zeros([2, 3]), zeros([3, 8]), zeros([2, 8])),
      message: 'lstm: expected x [N, T, C] with at least one step, received [2, 3]',
    },
    {
      name: 'no steps',
      run: () => ops.lstm(zeros([2, 0, 3]), zeros([3, 8]), zeros([2, 8])),
      message: 'lstm: expected x [N, T, C] with at least one step, received [2, 0, 3]',
    },
    {
      name: 'the transposed weights of PyTorch',
      run: () => ops.lstm(x(), zeros([4, 8]), zeros([8, 2])),
      message: 'lstm: expected hiddenWeight [8, 32] for x [2, 3, 4], received [8, 2]',
    },
    {
      name: 'input weights of another size',
      run: () => ops.lstm(x(), zeros([3, 8]), zeros([2, 8])),
      message: 'lstm: expected inputWeight [4, 8] for x [2, 3, 4], received [3, 8]',
    },
    {
      name: 'a bias of another size',
      run: () => ops.lstm(x(), zeros([4, 8]), zeros([2, 8]), zeros([2])),
      message: 'lstm: expected bias [8] for x [2, 3, 4], received [2]',
    },
    {
      name: 'a state of another size',
      run: () => ops.lstm(x(), zeros([4, 8]), zeros([2, 8]), undefined, zeros([2, 2]), zeros([3, 2])),
      message: 'lstm: expected c0 [2, 2] for x [2, 3, 4], received [3, 2]',
    },
  ],
})
