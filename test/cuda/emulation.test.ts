/** The emulation of CUDA itself: each mistake that it is there to find, beside the same kernel without it. */
import { describe, expect, test } from 'vitest'
import { tensor } from 'landbridge'
import { loadCudaKernels } from '../support/cudaKernels.js'
import { call } from '../support/kernels.js'
import { messageOf } from '../support/message.js'

loadCudaKernels('cuda/faulty.cc')

const values = Array.from({ length: 64 }, (_, i) => i + 1)
const run = (name: string, sound: boolean): number[] => {
  const x = tensor(Float32Array.from(values), { shape: [64], device: 'cuda-emulated' })
  return [...call(`faulty_${name}`, [x], [sound ? 1 : 0]).dataSync()]
}

const where = (thread: number) => `block (0, 0, 0), thread (${thread}, 0, 0))`
const race = (does: string, done: string) =>
  `expected a barrier between accesses to shared memory, received a ${does} of what ${done}`
const at = (i: number): number => values[i] as number

interface Fault {
  name: string
  /** The sentence without the names of op and kernel. */
  message: string
  /** Element i of the sound twin's output; undefined: not written. */
  sound: (i: number) => number | undefined
}

const faults: Fault[] = [
  {
    name: 'race',
    message: `${race('read', 'thread (0, 0, 0) wrote')} (${where(32)}`,
    sound: (i) => at(i % 32),
  },
  {
    name: 'warp_race',
    message: `${race('read', 'thread (0, 0, 0) wrote')} (${where(1)}`,
    sound: (i) => at(i - (i % 32) + Math.floor((i % 32) / 2)),
  },
  {
    name: 'overwritten',
    message: `${race('write', 'thread (32, 0, 0) read')} (${where(0)}`,
    sound: (i) => (i < 32 ? at(i + 32) : at(i)),
  },
  {
    name: 'written_twice',
    message: `${race('write', 'thread (0, 0, 0) wrote')} (${where(1)}`,
    sound: () => 1,
  },
  {
    name: 'counted',
    // The thread that came last to the barrier goes on first, and reads what it alone has counted.
    message: `${race('read', 'several threads of warp 1 wrote')} (${where(63)}`,
    sound: () => 64,
  },
  {
    name: 'unwritten',
    message: `expected shared memory that the block has written, received a read of what is not written yet (${where(5)}`,
    sound: at,
  },
  {
    name: 'outside_device',
    message: `expected an index below 64 in device memory, received 64 (${where(63)}`,
    sound: at,
  },
  {
    name: 'outside_shared',
    message: `expected an index below 64 in shared memory, received 64 (${where(63)}`,
    sound: at,
  },
  {
    name: 'misaligned',
    message: `expected an address that is a multiple of 16 bytes, received one that is 8 past one (${where(0)}`,
    sound: (i) => (i < 4 ? at(i + 4) : undefined),
  },
  {
    name: 'misaligned_element',
    message: `expected an address that is a multiple of 8 bytes, received one that is 4 past one (${where(0)}`,
    sound: (i) => (i === 0 ? at(4) : undefined),
  },
  {
    name: 'two_barriers',
    message: `expected all threads at the same barrier, received some in sync_block at faulty.cc:# and one at faulty.cc:# (${where(32)}`,
    sound: at,
  },
  {
    name: 'deadlock',
    message:
      'expected all threads at the same barrier, received threads that wait for ever: ' +
      '32 in shuffle_xor at faulty.cc:#, the first of them thread (0, 0, 0); ' +
      '32 in sync_block at faulty.cc:#, the first of them thread (16, 0, 0) (block (0, 0, 0))',
    sound: (i) => at(i ^ 1),
  },
  {
    name: 'ended',
    message: `expected all 32 lanes in shuffle at faulty.cc:#, received a lane that ends (${where(40)}`,
    sound: (i) => at(i - (i % 32)),
  },
  {
    name: 'unwaited',
    message: `expected copy_async_wait first, received a read of what is being copied (${where(0)}`,
    sound: at,
  },
  {
    name: 'unshared',
    message: `${race('read', 'thread (0, 0, 0) wrote')} (${where(1)}`,
    sound: at,
  },
  {
    name: 'misaligned_copy',
    message: `expected an address that is a multiple of 16 bytes, received one that is 4 past one (${where(0)}`,
    sound: (i) => (i === 0 ? at(4) : undefined),
  },
]

/** Line numbers are left open. */
const expected = (name: string, message: string): string =>
  `faulty_${name}: ${message.replace(/\(block/, `(kernel ${name}<false>, block`)}`

describe.each(faults)('$name', ({ name, message, sound }) => {
  test('is reported', () => {
    const told = messageOf(() => run(name, false))
    expect(told.replace(/(faulty\.cc:)\d+/g, '$1#')).toBe(expected(name, message))
  })
  test('its sound twin passes', () => {
    const results = run(name, true)
    const written = values.map((_, i) => sound(i) ?? results[i])
    expect(results).toEqual(written)
  })
})

test('threads that end are not waited for at barriers', () => {
  expect(run('left', true)).toEqual(values.map((value, i) => (i % 3 === 2 ? 0 : value)))
})

test('host code that touches device memory fails its call', () => {
  expect(messageOf(() => run('on_host', false))).toBe('faulty_on_host: the kernel threw a C++ exception')
  expect(run('on_host', true)).toHaveLength(64)
})

test('a failure leaves the emulation in order', () => {
  for (let i = 0; i < 50; i++) for (const { name } of faults) messageOf(() => run(name, i % 2 === 0))
  expect(run('deadlock', true)).toEqual(values.map((_, i) => at(i ^ 1)))
})
