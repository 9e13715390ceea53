/** The sums over pairs, whose blocks meet in rounds: the same bits on any number of threads. */
import { afterAll, expect, test } from 'vitest'
import { grad, ops, setThreads, tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'
import { native } from '../../src/engine/native.js'

const threads = native.threads()
afterAll(() => setThreads(threads))

const random = (seed: number, shape: number[]): Tensor => {
  const next = seeded(seed)
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 2 * next() - 1)
  return tensor(values, { shape, requiresGrad: true })
}

type Distance = (x: Tensor, y: Tensor) => Tensor
const linear: Distance = (x, y) => ops.mmd(x, y, { estimator: 'linear' })
const programs: [string, Distance, number[], number[]][] = [
  ['mmd, small blocks', ops.mmd, [307, 19], [211, 19]],
  ['mmd, large blocks', ops.mmd, [907, 7], [811, 7]],
  ['mmd, wide rows', ops.mmd, [101, 1031], [130, 1031]],
  ['mmd, linear', linear, [4001, 19], [4003, 19]],
  ['coral from rows', ops.coral, [131, 701], [157, 701]],
  ['coral from covariances', ops.coral, [1009, 131], [997, 131]],
]

/** Value and gradients as bytes. */
function bytes(distance: Distance, x: Tensor, y: Tensor): Buffer {
  const value = distance(x, y)
  const all = [value, ...grad(value, [x, y])] as Tensor[]
  return Buffer.concat(all.map((each) => new Uint8Array(each.dataSync().slice().buffer)))
}

test.each(programs)('%s: the same bits on 1, 2 and 5 threads', (_, distance, first, second) => {
  const [x, y] = [random(1, first), random(2, second)]
  const [one, two, five] = [1, 2, 5].map((count) => {
    setThreads(count)
    return bytes(distance, x, y)
  }) as [Buffer, Buffer, Buffer]
  expect(Buffer.compare(two, one)).toBe(0)
  expect(Buffer.compare(five, one)).toBe(0)
})
