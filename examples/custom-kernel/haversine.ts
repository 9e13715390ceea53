/** The same op twice: over the C++ kernel and its CUDA twin, and in TypeScript alone. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineOp, devices, loadKernels, ops, ShapeError, type Device, type Gradients, type Tensor } from 'landbridge'

const library = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const hasCuda = devices().some(({ device, available }) => device === 'cuda' && available)

/** Where the example runs: on a GPU where there is one and the twin was built. */
export const device: Device = hasCuda && existsSync(library('haversine-cuda.so')) ? 'cuda' : 'cpu'

loadKernels(library('haversine.so'))
if (device === 'cuda') loadKernels(library('haversine-cuda.so'))

const RADIANS = Math.PI / 180
/** The mean radius of the Earth in kilometres (IUGG). */
const attrs = { radius: 6371.0088 }
type Pair = readonly [Tensor, Tensor]

function shape([a, b]: Pair): number[] {
  for (const x of [a, b]) {
    if (x.rank !== 2 || x.shape[1] !== 2) {
      throw new ShapeError('haversine', 'points [n, 2] of latitude and longitude', `[${x.shape.join(', ')}]`)
    }
  }
  if (a.shape[0] !== b.shape[0]) throw new ShapeError('haversine', 'as many points', `${a.shape[0]} and ${b.shape[0]}`)
  return [a.shape[0] as number]
}

/** Latitudes and longitudes in radians, [n] each. */
function coordinates(points: Tensor): [latitude: Tensor, longitude: Tensor] {
  const [latitude, longitude] = ops.split(points.mul(RADIANS), { count: 2, axis: 1 }) as [Tensor, Tensor]
  return [latitude.flatten(), longitude.flatten()]
}

/** h = sin²(Δφ/2) + cos φ₁ cos φ₂ sin²(Δλ/2), of which the distance is 2 R arcsin √h. */
function haversineOf(a: Tensor, b: Tensor): Tensor {
  const [lat1, lon1] = coordinates(a)
  const [lat2, lon2] = coordinates(b)
  const north = lat2.sub(lat1).mul(0.5).sin().square()
  const east = lon2.sub(lon1).mul(0.5).sin().square()
  return north.add(lat1.cos().mul(lat2.cos()).mul(east))
}

/**
 * Great-circle distances in kilometres between points a and b, [n, 2] of latitude and longitude in degrees: [n].
 *
 * @param options.radius of the sphere, default 6371.0088; distances have its unit
 */
export const haversine = defineOp('haversine', {
  inputs: ['a', 'b'],
  attrs,
  shape,
  gradient: ({ inputs: [a, b], attrs: { radius }, needs }, dy): Gradients => {
    const h = haversineOf(a, b)
    const slope = dy.mul(radius).mul(h.mul(ops.sub(1, h)).rsqrt()) // d(2R arcsin √h)/dh = R / √(h (1 − h))
    return [needs[0] ? partial(a, b, slope) : undefined, needs[1] ? partial(b, a, slope) : undefined]
  },
})

/** slope · ∂h/∂a; h is symmetric in its points, so this serves both. */
function partial(a: Tensor, b: Tensor, slope: Tensor): Tensor {
  const [lat1, lon1] = coordinates(a)
  const [lat2, lon2] = coordinates(b)
  const east = lon1.sub(lon2)
  const byLatitude = lat1
    .sub(lat2)
    .sin()
    .mul(0.5)
    .sub(lat1.sin().mul(lat2.cos()).mul(east.mul(0.5).sin().square()))
  const byLongitude = lat1.cos().mul(lat2.cos()).mul(east.sin()).mul(0.5)
  return ops.stack([byLatitude.mul(slope), byLongitude.mul(slope)], { axis: 1 }).mul(RADIANS)
}

/** The same in TypeScript alone: no kernel, and the gradient by itself. */
export const haversineComposed = defineOp('haversineComposed', {
  inputs: ['a', 'b'],
  attrs,
  shape,
  compose: ([a, b], { radius }) =>
    haversineOf(a, b)
      .sqrt()
      .asin()
      .mul(2 * radius),
})
