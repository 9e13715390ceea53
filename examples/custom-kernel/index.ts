/** A kernel of one's own, from C++ to a checked gradient; README.md says how it is built. */
import { ops, tensor, type Tensor } from 'landbridge'
import { gradientCheck } from 'landbridge/testing'
import { device, haversine, haversineComposed } from './haversine.js'

const beijing = [39.9042, 116.4074]
const others: Record<string, number[]> = {
  Tianjin: [39.0842, 117.2009],
  Shanghai: [31.2304, 121.4737],
  'San Francisco': [37.7749, -122.4194],
  'Buenos Aires': [-34.6037, -58.3816],
}
const to = tensor(Object.values(others), { device })
const from = tensor(
  Object.values(others).map(() => beijing),
  { device },
)
console.log(`On ${device}:`)

const kilometres = await haversine(from, to).data()
Object.keys(others).forEach((name, i) => console.log(`Beijing – ${name}: ${kilometres[i]?.toFixed(1)} km`))

const composed = await haversineComposed(from, to).data()
const apart = kilometres.map((value, i) => Math.abs(value - (composed[i] as number)) / value)
if (Math.max(...apart) > 1e-5) throw new Error(`the kernel and the composition differ by ${Math.max(...apart)}`)
console.log('The composition in TypeScript agrees.')

// In degrees, and away from poles and coinciding points, so that finite differences in float32 mean something.
const a = tensor([[10, 20], [-35, 140], [60, -75]], { device, requiresGrad: true }) // prettier-ignore
const b = tensor([[-20, 65], [15, 100], [5, -10]], { device, requiresGrad: true }) // prettier-ignore
const options = { radius: 180 / Math.PI }
for (const op of [haversine, haversineComposed]) {
  gradientCheck((x, y) => op(x, y, options), [a, b], { order: 2 })
}
console.log('Gradients of both agree with finite differences, of first and second order.')

// What a gradient is good for: the point whose distances to three stations come closest to measured ones.
const stations = tensor([[48.2, 16.4], [52.5, 13.4], [50.1, 14.4]], { device }) // prettier-ignore
const measured = haversine(tensor([[49.2, 16.6], [49.2, 16.6], [49.2, 16.6]], { device }), stations) // prettier-ignore
let point: Tensor = tensor([[51, 15]], { device, requiresGrad: true })
for (let step = 0; step < 200; step++) {
  const error = haversine(point.broadcastTo({ shape: [3, 2] }), stations).sub(measured)
  error.square().mean().backward()
  if (point.grad === undefined) throw new Error('no gradient reached the point')
  const next = point.stopGradient().sub(ops.mul(point.grad, 2e-5))
  next.requiresGrad = true
  point = next
}
console.log(`Located at ${[...(await point.data())].map((value) => value.toFixed(2)).join(', ')} (true: 49.20, 16.60).`)
