/** native/include/landbridge/cuda/limits.h: what is refused before it is launched, beside the specifications of each architecture. */
import { expect, test } from 'vitest'
import { fileURLToPath } from 'node:url'
import { loadKernels, tensor } from 'landbridge'
import { buildKernels, call } from '../support/kernels.js'
import { refusedBy, type Launch, type Triple } from '../support/launches.js'
import { messageOf } from '../support/message.js'

loadKernels(buildKernels(fileURLToPath(new URL('limits.cc', import.meta.url))))

const check = (blocks: Triple, threads: Triple, shared: number) =>
  call('test_limits', [tensor([0])], [...blocks, ...threads, shared]).dataSync()[0]

const one: Triple = [1, 1, 1]
const most = 2 ** 31 - 1
const sound: [Triple, Triple, number][] = [
  [one, one, 0],
  [[most, 65535, 65535], one, 0],
  [one, [1024, 1, 1], 163 * 1024],
  [one, [1, 1024, 1], 0],
  [one, [16, 1, 64], 0],
]
test.each(sound)('fits: %j blocks of %j threads with %i bytes', (blocks, threads, shared) => {
  expect(check(blocks, threads, shared)).toBe(0)
  const onesWithLess = shared > 99 * 1024 ? ['sm_86'] : []
  expect(refusedBy({ kernel: '', blocks, threads, shared })).toEqual(onesWithLess)
})

const grid = "expected a tensor that fits a GPU's grid, received a larger one"
const block = 'expected at most 1024 threads in a block, received more'
const number = 'expected 1 to 1024 threads in a block, received another number'
const refused: [Triple, Triple, number, string][] = [
  [[most + 1, 1, 1], one, 0, grid],
  [[1, 65536, 1], one, 0, grid],
  [[1, 1, 65536], one, 0, grid],
  [one, [1025, 1, 1], 0, block],
  [one, [1, 1025, 1], 0, block],
  [one, [1, 1, 65], 0, block],
  [one, [0, 1, 1], 0, number],
  [one, [33, 32, 1], 0, number],
  [one, one, 163 * 1024 + 1, 'expected at most 163 KiB of shared memory in a block, received more'],
]
test.each(refused)('does not fit: %j blocks of %j threads with %i bytes', (blocks, threads, shared, sentence) => {
  expect(messageOf(() => check(blocks, threads, shared))).toBe(`test_limits: ${sentence}`)
  const launch: Launch = { kernel: '', blocks, threads, shared }
  expect(refusedBy(launch)).toContain('sm_80')
})

test('a grid without blocks is empty', () => {
  expect(check([0, 1, 1], one, 0)).toBe(1)
  expect(check([1, 1, 0], one, 0)).toBe(1)
})
