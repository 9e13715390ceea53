/** The launches of ops at large sizes, recorded without being executed, beside the limits of every architecture. */
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { rmSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { ops, tensor, tidy, type Tensor } from 'landbridge'
import { loadCudaKernels } from '../support/cudaKernels.js'
import { loadEmulated } from '../support/emulated.js'
import { call } from '../support/kernels.js'
import { readLaunches, refusedBy, resourcesOf } from '../support/launches.js'

// The native code reads both once, so they are set before it is loaded.
const record = vi.hoisted(() => {
  const path = `${process.env.TMPDIR ?? '/tmp'}/landbridge-launches-${process.pid}`
  process.env.LANDBRIDGE_EMULATION_DRY = path
  process.env.LANDBRIDGE_MEMORY_LIMIT = '4000000000000'
  return path
})
const there = loadEmulated()
loadCudaKernels('cuda/nothing.cc')
beforeEach(() => writeFileSync(record, ''))
afterAll(() => rmSync(record))

const seed = tensor([0], { device: 'cuda-emulated' })
/** Nobody writes it, and nobody reads it. */
function large(...shape: number[]): Tensor {
  const x = call('test_nothing', [seed], [], shape)
  x.requiresGrad = true
  return x
}
const classes = (rows: number): Tensor => tensor(new Int32Array(rows), { dtype: 'int32', device: 'cuda-emulated' })

/** On GPUs with little shared memory their place is taken by others, see smallGpu.test.ts. */
const roomy = /^pairs_kernel.*, 256>$|^(forward|backward)_kernel<.*, 128, [14]>$/

/** Issues the op and its gradients; every launch must fit. Reading the seed tells what failed. */
function expectFits(run: () => Tensor): void {
  tidy(() => {
    const y = run()
    if (y.requiresGrad) ops.sum(y).backward()
    seed.dataSync()
  })
  const launches = readLaunches(record)
  expect(launches.length).toBeGreaterThan(0)
  for (const launch of launches)
    expect(refusedBy(launch), launch.kernel).toEqual(roomy.test(launch.kernel) ? ['sm_86'] : [])
  for (const { kernel } of launches) {
    if (!kernel.startsWith('nothing')) expect(resourcesOf(kernel, 'sm_80'), kernel).toBeDefined()
  }
}

const resnet: [image: [number, number, number], filters: number, kernel: number, stride: number][] = [
  [[224, 224, 3], 64, 7, 2],
  [[56, 56, 64], 64, 3, 1],
  [[56, 56, 64], 128, 3, 2],
  [[28, 28, 128], 128, 3, 1],
  [[14, 14, 256], 256, 3, 1],
  [[7, 7, 512], 512, 3, 1],
  [[56, 56, 256], 64, 1, 1],
  [[7, 7, 512], 2048, 1, 1],
]

describe.runIf(there)('launches at large sizes', () => {
  test.each(resnet)('conv2d of 256 images %j to %i filters, kernel %i, stride %i', (image, filters, k, stride) => {
    const w = [k, k, image[2], filters]
    expectFits(() => ops.conv2d(large(256, ...image), large(...w), { stride, padding: (k - 1) / 2 }))
  })
  test('conv2d, depthwise', () => {
    expectFits(() => ops.conv2d(large(256, 56, 56, 144), large(3, 3, 1, 144), { padding: 1, groups: 144 }))
  })

  test.each<[number[], number[]]>([
    [
      [4096, 4096],
      [4096, 4096],
    ],
    [
      [1, 1_000_000],
      [1_000_000, 1],
    ],
    [
      [1_000_000, 1],
      [1, 1000],
    ],
    [
      [8_400_000, 16],
      [16, 16],
    ],
    [
      [16, 16],
      [16, 8_400_000],
    ],
    [
      [100_000, 32, 32],
      [100_000, 32, 8],
    ],
    [
      [512, 128, 64],
      [64, 128],
    ],
  ])('matmul %j · %j', (a, b) => {
    expectFits(() => ops.matmul(large(...a), large(...b)))
  })
  test('linear', () => {
    expectFits(() => ops.linear(large(65_536, 512), large(512, 2048), large(2048), { activation: 'relu' }))
  })

  test.each<[number, number]>([
    [4096, 256],
    [100_000, 128],
  ])('mmd of %i rows of %i', (n, d) => {
    for (const estimator of ['biased', 'unbiased', 'linear'] as const)
      expectFits(() => ops.mmd(large(n, d), large(n + 1, d), { estimator }))
  })
  test('coral', () => {
    expectFits(() => ops.coral(large(100_000, 256), large(100_001, 256)))
    expectFits(() => ops.coral(large(64, 4096), large(64, 4096)))
  })

  const rows: [number, number][] = [
    [4096, 1000],
    [20_000_000, 3],
    [3, 20_000_000],
  ]
  test.each(rows)('what works on %i rows of %i', (n, d) => {
    expectFits(() => ops.softmax(large(n, d)))
    expectFits(() => ops.logSoftmax(large(n, d)))
    expectFits(() => ops.layerNorm(large(n, d), large(d), large(d)))
    expectFits(() => ops.batchNorm(large(n, d), large(d), large(d), { training: true }))
    expectFits(() => ops.crossEntropy(large(n, d), classes(n)))
    for (const axis of [0, 1]) {
      expectFits(() => ops.sum(large(n, d), { axis }))
      expectFits(() => ops.max(large(n, d), { axis }))
      expectFits(() => ops.cumsum(large(n, d), { axis }))
      expectFits(() => ops.argMax(large(n, d), { axis }))
      expectFits(() => ops.softmax(large(n, d), { axis }))
    }
    expectFits(() => ops.transpose(large(n, d)))
    expectFits(() => ops.gather(large(n, d), classes(Math.min(1000, Math.floor(1e9 / d)))))
  })

  test('pooling', () => {
    expectFits(() => ops.maxPool2d(large(256, 112, 112, 64), { kernel: 3, stride: 2, padding: 1 }))
    expectFits(() => ops.avgPool2d(large(256, 112, 112, 64), { kernel: 2 }))
    expectFits(() => ops.globalAvgPool2d(large(256, 7, 7, 2048)))
  })
  test('recurrent layers', () => {
    expectFits(() => ops.lstm(large(4096, 48, 64), large(64, 1024), large(256, 1024), large(1024))[0] as Tensor)
    expectFits(() => ops.gru(large(4096, 48, 64), large(64, 768), large(256, 768), large(1024))[0] as Tensor)
    for (const units of [64, 128]) {
      const [wide, narrow] = [large(64, 4 * units), large(units, 4 * units)]
      expectFits(() => ops.lstm(large(4096, 48, 64), wide, narrow, large(4 * units))[0] as Tensor)
      expectFits(() => ops.gru(large(9, 48, 64), large(64, 3 * units), large(units, 3 * units))[0] as Tensor)
    }
  })

  // 8 GiB of address space each, of which no page is touched.
  test.skipIf(totalmem() < 12e9)('tensors of more than 2^31 elements', () => {
    const huge = 2 ** 31 + 8
    expectFits(() => ops.relu(large(huge)))
    expectFits(() => ops.add(large(2 ** 20 + 1, 2048), large(2048)))
    expectFits(() => ops.sum(large(huge)))
    expectFits(() => ops.softmax(large(2 ** 20 + 1, 2048)))
    expectFits(() => ops.layerNorm(large(2 ** 22 + 1, 512), large(512), large(512)))
  })
})
