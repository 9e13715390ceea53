/** The emulated tensor cores against a plain product, and the roundings of their inputs. */
import { expect, test } from 'vitest'
import { tensor, type Tensor } from 'landbridge'
import { seeded } from 'landbridge/testing'
import { loadCudaKernels } from '../support/cudaKernels.js'
import { call } from '../support/kernels.js'

loadCudaKernels('cuda/mma.cc')

const onDevice = (data: Float32Array, shape: number[]): Tensor => tensor(data, { shape, device: 'cuda-emulated' })
const random = seeded(7)
const draw = (count: number, draw: () => number): Float32Array => Float32Array.from({ length: count }, draw)
const whole = () => Math.floor(random() * 17) - 8
const real = () => random() * 4 - 2

/** 1 + A·B in double precision; every rounded input is exact in it. */
function product(a: Float32Array, b: Float32Array, depth: number, rounded: (x: number) => number): number[] {
  return Array.from({ length: 16 * 8 }, (_, at) => {
    let sum = 1
    for (let k = 0; k < depth; k++) {
      const left = a[Math.floor(at / 8) * depth + k] as number
      const right = b[k * 8 + (at % 8)] as number
      sum += rounded(left) * rounded(right)
    }
    return sum
  })
}

const bitsOf = new Uint32Array(1)
const floatOf = new Float32Array(bitsOf.buffer)
/** The float without its last `bits` bits. */
function cut(x: number, bits: number): number {
  floatOf[0] = x
  bitsOf[0] = Math.floor((bitsOf[0] as number) / 2 ** bits) * 2 ** bits
  return floatOf[0]
}
/** The nearest number with `digits` bits after the first; ties away from zero, or to the even neighbour. */
function nearest(x: number, digits: number, ties: 'away' | 'even'): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - digits)
  const steps = Math.abs(x) / unit
  const down = Math.floor(steps)
  const up = steps - down > 0.5 || (steps - down === 0.5 && (ties === 'away' || down % 2 === 1))
  return Math.sign(x) * (down + (up ? 1 : 0)) * unit
}

const kinds = [
  { name: 'tf32', depth: 8, rounded: (x: number) => nearest(x, 10, 'away') },
  { name: 'tf32 of unrounded bits', depth: 8, rounded: (x: number) => cut(x, 13) },
  { name: 'bf16', depth: 16, rounded: (x: number) => nearest(x, 7, 'even') },
]

test.each(kinds)('mma: $name', ({ depth, rounded }) => {
  const kind = kinds.findIndex((each) => each.rounded === rounded)
  for (const numbers of [whole, real]) {
    const a = draw(16 * depth, numbers)
    const b = draw(depth * 8, numbers)
    const exact = (x: number) => (x === 0 ? 0 : rounded(x))
    const expected = product(a, b, depth, exact)
    const d = call('test_mma', [onDevice(a, [16, depth]), onDevice(b, [depth, 8])], [kind], [16, 8])
    d.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, numbers === whole ? 12 : 4))
  }
})

test('roundings: ties, signs, infinities, NaN', () => {
  const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3e38, 1e-30]
  const values = [...ties, ...ties.map((x) => -x), ...draw(500, real)]
  const shape = [values.length]
  const y = call('test_rounded', [onDevice(Float32Array.from(values), shape)], [], [values.length, 2]).dataSync()
  values.forEach((value, i) => {
    const x = Math.fround(value)
    expect([x, y[2 * i], y[2 * i + 1]]).toEqual([x, nearest(x, 10, 'away'), nearest(x, 7, 'even')])
  })
  const special = onDevice(Float32Array.of(Infinity, -Infinity, NaN, 0, -0), [5])
  const [i1, i2, m1, m2, n1, n2, z1, z2, o1, o2] = call('test_rounded', [special], [], [5, 2]).dataSync()
  expect([i1, i2, m1, m2, n1, n2]).toEqual([Infinity, Infinity, -Infinity, -Infinity, NaN, NaN])
  expect([z1, z2, o1, o2]).toEqual([0, 0, -0, -0])
})
