/** Random numbers as an addition to x (they have no inputs of their own), and dropout; more in test/random. */
import { manualSeed, ops, rand, randint, randn, randperm, type Tensor } from 'landbridge'
import { ndOf, type Nd } from 'landbridge/testing'
import { opCase, type Variant } from '../support/case.js'
import { wordAt } from '../support/philox.js'

const SEED = 7

/** A variant whose reference sees the word of each element. */
function variant(
  name: string,
  shape: number[],
  run: (x: Tensor) => Tensor,
  f: (x: number, word: number, i: number) => number,
): Variant {
  return {
    name,
    inputs: [{ shape }],
    run: (x) => {
      manualSeed(SEED)
      return run(x)
    },
    reference: (x: Nd) =>
      ndOf(
        x.shape,
        x.data.map((value, i) => f(value, wordAt(SEED, 0, i), i)),
      ),
  }
}

const drop = (p: number) => (x: number, word: number) => (word >= p * 2 ** 32 ? x / (1 - p) : 0)

/** Fisher and Yates, on the words in turn. */
function shuffled(n: number): number[] {
  const list = Array.from({ length: n }, (_, i) => i)
  list.forEach((_, i) => {
    const other = i + Math.floor((wordAt(SEED, 0, i) * (n - i)) / 2 ** 32)
    ;[list[i], list[other]] = [list[other] as number, list[i] as number]
  })
  return list
}

function normalAt(i: number): number {
  const first = i % 32 < 16 ? i : i - 16
  const unit = (at: number) => (wordAt(SEED, 0, at) + 0.5) / 2 ** 32
  const angle = 2 * Math.PI * unit(first + 16)
  return Math.sqrt(-2 * Math.log(unit(first))) * (first === i ? Math.cos(angle) : Math.sin(angle))
}

export default [
  opCase({
    op: 'dropout',
    covers: ['dropoutAt'],
    variants: [
      variant('half', [5, 7], (x) => ops.dropout(x), drop(0.5)),
      variant('a fifth', [67], (x) => x.dropout({ p: 0.2 }), drop(0.2)),
      variant('nothing', [3], (x) => ops.dropout(x, { p: 0 }), drop(0)),
      variant(
        'everything',
        [3],
        (x) => ops.dropout(x, { p: 1 }),
        () => 0,
      ),
      variant(
        'not in training',
        [3, 2],
        (x) => ops.dropout(x, { training: false }),
        (x) => x,
      ),
      variant('empty', [0], (x) => ops.dropout(x), drop(0.5)),
    ],
    errors: [
      {
        name: 'p above 1',
        run: () => ops.dropout(rand([1]), { p: 1.5 }),
        message: 'dropout: expected a number from 0 to 1 as p, received 1.5',
      },
    ],
  }),
  opCase({
    op: 'randomUniform',
    variants: [
      variant(
        'rand',
        [67],
        (x) => ops.add(x, rand([67], { low: 1, high: 3, device: x.device })),
        (x, word) => x + 1 + 2 * ((word >>> 8) / 2 ** 24),
      ),
    ],
  }),
  opCase({
    op: 'randomNormal',
    variants: [
      variant(
        'randn',
        [67],
        (x) => ops.add(x, randn([67], { device: x.device })),
        (x, _, i) => x + normalAt(i),
      ),
    ],
  }),
  opCase({
    op: 'randomInteger',
    variants: (['int32', 'uint8'] as const).map((dtype) =>
      variant(
        dtype,
        [67],
        (x) => ops.add(x, randint(2, 9, [67], { dtype, device: x.device })),
        (x, word) => x + 2 + Math.floor((word * 7) / 2 ** 32),
      ),
    ),
  }),
  opCase({
    op: 'randomPermutation',
    variants: [
      variant(
        'randperm',
        [50],
        (x) => ops.add(x, randperm(50, { device: x.device })),
        (x, _, i) => x + (shuffled(50)[i] as number),
      ),
    ],
  }),
]
