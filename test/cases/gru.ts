import { ops, zeros, type Tensor } from 'landbridge'
import { nd, ndIndex, type Nd } from 'landbridge/testing'
import { gru, gruTwin } from '../../src/ops/gru.js'
import { opCase, type Sample, type Variant } from '../support/case.js'
import { gruReference, type Sequences } from '../support/recurrent.js'

type Given = [Tensor, Tensor, Tensor, Tensor?, Tensor?]
type GivenNd = [Nd, Nd, Nd, Nd?, Nd?]
interface Sizes {
  n: number
  t: number
  c: number
  h: number
}

/** x, the weights, the bias and the state. */
const samples = ({ n, t, c, h }: Sizes, range: readonly [number, number] = [-1, 1]): Sample[] => [
  { shape: [n, t, c] },
  { shape: [c, 3 * h], range },
  { shape: [h, 3 * h], range },
  { shape: [4 * h] },
  { shape: [n, h] },
]

/** Both results in one tensor, each with its own part in the gradient. */
const together = ([output, h]: Tensor[]): Tensor =>
  ops.add(output as Tensor, ops.unsqueeze(ops.mul(h as Tensor, h as Tensor), { axis: 1 }))
const togetherNd = ({ output, h }: Sequences): Nd =>
  nd(output.shape, (...index) => ndIndex(output, ...index) + ndIndex(h, index[0] as number, index[2] as number) ** 2)

const whole = (name: string, sizes: Sizes, reverse = false): Variant => ({
  name,
  inputs: samples(sizes),
  run: (...inputs: Tensor[]) => together(gru(...(inputs as Given), { reverse })),
  reference: (...inputs: Nd[]) => togetherNd(gruReference(inputs as GivenNd, reverse)),
})

/** One result alone: the gradient of the other is absent. */
const only = (name: string, at: 0 | 1, key: 'output' | 'h', inputs: number): Variant => ({
  name,
  inputs: samples({ n: 2, t: 3, c: 2, h: 3 }).slice(0, inputs),
  run: (...given: Tensor[]) => {
    const results = gru(...(given as Given))
    results[1 - at]?.dispose()
    return results[at] as Tensor
  },
  reference: (...given: Nd[]) => gruReference(given as GivenNd)[key],
})

const large = (name: string, sizes: Sizes, reverse: boolean): Variant => ({
  ...whole(name, sizes, reverse),
  inputs: samples(sizes, [-0.3, 0.3]),
  gradient: false,
})

const x = () => zeros([2, 3, 4])
export default opCase({
  op: 'gru',
  covers: ['gruGradient'],
  variants: [
    whole('all inputs and results', { n: 2, t: 3, c: 2, h: 3 }),
    whole('in reverse', { n: 3, t: 2, c: 3, h: 2 }, true),
    whole('sizes of one', { n: 1, t: 1, c: 1, h: 1 }),
    whole('one step', { n: 3, t: 1, c: 2, h: 3 }),
    whole('no rows', { n: 0, t: 2, c: 2, h: 3 }),
    only('the output alone, no bias and no state', 0, 'output', 3),
    only('the last h alone', 1, 'h', 5),
    large('primes past vectors, tiles and blocks', { n: 37, t: 7, c: 11, h: 23 }, false),
    large('four vectors and one, in reverse', { n: 19, t: 5, c: 3, h: 83 }, true),
    {
      name: 'large values saturate',
      inputs: samples({ n: 2, t: 4, c: 3, h: 2 }).map((sample) => ({ ...sample, range: [-60, 60] as const })),
      run: (...inputs: Tensor[]) => together(gru(...(inputs as Given))),
      reference: (...inputs: Nd[]) => togetherNd(gruReference(inputs as GivenNd)),
      gradient: false,
    },
    ...[false, true].map((reverse) => ({
      ...whole(`the composed twin${reverse ? ', in reverse' : ''}`, { n: 2, t: 3, c: 2, h: 2 }, reverse),
      run: (...inputs: Tensor[]) => together(gruTwin(inputs as Given, reverse)),
    })),
  ],
  errors: [
    {
      name: 'a matrix',
      run: () => ops.gru(zeros([2, 3]), zeros([3, 6]), zeros([2, 6])),
      message: 'gru: expected x [N, T, C] with at least one step, received [2, 3]',
    },
    {
      name: 'the weights of an LSTM',
      run: () => ops.gru(x(), zeros([4, 8]), zeros([2, 8])),
      message: 'gru: expected hiddenWeight [2, 6] for x [2, 3, 4], received [2, 8]',
    },
    {
      name: 'a bias for three gates',
      run: () => ops.gru(x(), zeros([4, 6]), zeros([2, 6]), zeros([6])),
      message: 'gru: expected bias [8] for x [2, 3, 4], received [6]',
    },
    {
      name: 'a state of another batch',
      run: () => ops.gru(x(), zeros([4, 6]), zeros([2, 6]), undefined, zeros([3, 2])),
      message: 'gru: expected h0 [2, 2] for x [2, 3, 4], received [3, 2]',
    },
  ],
})
