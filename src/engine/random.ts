/** The state of the random numbers: a seed, and how many blocks of random words have been given out. */
import { randomInt } from 'node:crypto'
import { describe } from './arguments.js'
import { ArgumentError } from './errors.js'

export interface RandomState {
  seed: number
  offset: number
}

/** Elements draw their words in groups of 64, from 16 blocks of 4 (native/cpu/philox.h). */
const GROUP = 64
const BLOCKS_PER_GROUP = 16

let state: RandomState = { seed: randomInt(2 ** 47), offset: 0 }

function checkCount(op: string, name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new ArgumentError(op, `an integer from 0 to 2^53 − 1 as ${name}`, describe(value))
  }
}

/**
 * Starts the random numbers of this environment (`rand`, `randn`, `dropout`, …) at a seed. The same calls then give the
 * same numbers, on any number of threads. Without it the seed is another one in every process.
 *
 * @param seed an integer from 0 to 2⁵³ − 1
 */
export function manualSeed(seed: number): void {
  checkCount('manualSeed', 'seed', seed)
  state = { seed, offset: 0 }
}

/** @internal For checkpoints: plain JSON. */
export function randomState(): RandomState {
  return { ...state }
}

/** @internal */
export function setRandomState({ seed, offset }: RandomState): void {
  checkCount('setRandomState', 'seed', seed)
  checkCount('setRandomState', 'offset', offset)
  state = { seed, offset }
}

/** @internal The state with which `count` elements are drawn; the next call goes on behind them. */
export function drawRandom(count: number): RandomState {
  const drawn = state
  state = { seed: drawn.seed, offset: drawn.offset + Math.ceil(count / GROUP) * BLOCKS_PER_GROUP }
  return drawn
}
