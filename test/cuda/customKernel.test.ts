/** The CUDA twin of examples/custom-kernel, executed on the emulated device beside the C++ kernel. */
import { expect, test } from 'vitest'
import { fileURLToPath } from 'node:url'
import { defineOp, loadKernels, tensor, type Tensor } from 'landbridge'
import { loadCudaKernels } from '../support/cudaKernels.js'
import { buildKernels } from '../support/kernels.js'

loadKernels(buildKernels(fileURLToPath(new URL('../../examples/custom-kernel/haversine.cc', import.meta.url))))
loadCudaKernels('../examples/custom-kernel/haversine.cu')

const haversine = defineOp('haversine', {
  inputs: ['a', 'b'],
  attrs: { radius: 6371.0088 },
  shape: ([a]) => [a.shape[0] as number],
})

const cities = [
  [39.9042, 116.4074],
  [31.2304, 121.4737],
  [37.7749, -122.4194],
  [-34.6037, -58.3816],
]
const moved = cities.map(([latitude = 0, longitude = 0]) => [latitude / 2, longitude + 30])

test('gives the distances of the C++ kernel', async () => {
  const run = (a: Tensor, b: Tensor) => haversine(a, b).data()
  const expected = await run(tensor(cities), tensor(moved))
  const device = 'cuda-emulated'
  const received = await run(tensor(cities, { device }), tensor(moved, { device }))
  expect(Math.min(...expected)).toBeGreaterThan(1000)
  expected.forEach((value, i) => expect(received[i]).toBeCloseTo(value, 2))
})
