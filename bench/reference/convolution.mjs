// Convolutions in double precision, one element at a time: NHWC, filters [kh, kw, C/groups, F].
import { sampled, sizeOf } from '../values.mjs'

/** Element `index` of an array of `shape`, as coordinates. */
function coordinates(index, shape) {
  const at = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at.unshift(index % shape[axis])
    index = Math.floor(index / shape[axis])
  }
  return at
}

/** Σ a·b over pairs of elements that `pairs` visits, and Σ |a·b|. */
function products(a, b, pairs) {
  let [sum, magnitude] = [0, 0]
  pairs((i, j) => {
    const product = a[i] * b[j]
    sum += product
    magnitude += Math.abs(product)
  })
  return [sum, magnitude]
}

const elements = {
  /** y[n, i, j, f] = Σ x[n, i·s + u − p, j·s + v − p, c] · w[u, v, c, f] */
  forward: ({ h, w, c, oh, ow, f, k, stride, padding, groups }) => ({
    shape: (n) => [n, oh, ow, f],
    pairs:
      ([n, i, j, g]) =>
      (visit) => {
        const [depth, first] = [c / groups, Math.floor(g / (f / groups)) * (c / groups)]
        for (let u = 0; u < k; u++) {
          const y = i * stride + u - padding
          if (y < 0 || y >= h) continue
          for (let v = 0; v < k; v++) {
            const x = j * stride + v - padding
            if (x < 0 || x >= w) continue
            const [from, to] = [((n * h + y) * w + x) * c + first, (u * k + v) * depth * f + g]
            for (let d = 0; d < depth; d++) visit(from + d, to + d * f)
          }
        }
      },
  }),
  /** dx[n, y, x, c] = Σ dy[n, i, j, f] · w[u, v, c, f] over i·s + u − p = y, j·s + v − p = x */
  input: ({ h, w, c, oh, ow, f, k, stride, padding, groups }) => ({
    shape: (n) => [n, h, w, c],
    pairs:
      ([n, y, x, channel]) =>
      (visit) => {
        const [depth, wide] = [c / groups, f / groups]
        const [group, d] = [Math.floor(channel / depth), channel % depth]
        for (let u = 0; u < k; u++) {
          const i = (y + padding - u) / stride
          if (!Number.isInteger(i) || i < 0 || i >= oh) continue
          for (let v = 0; v < k; v++) {
            const j = (x + padding - v) / stride
            if (!Number.isInteger(j) || j < 0 || j >= ow) continue
            const [from, to] = [
              ((n * oh + i) * ow + j) * f + group * wide,
              ((u * k + v) * depth + d) * f + group * wide,
            ]
            for (let g = 0; g < wide; g++) visit(from + g, to + g)
          }
        }
      },
  }),
  /** dw[u, v, c, f] = Σ x[n, i·s + u − p, j·s + v − p, c] · dy[n, i, j, f] */
  filter: ({ h, w, c, oh, ow, f, k, stride, padding, groups }, batch) => ({
    shape: () => [k, k, c / groups, f],
    pairs:
      ([u, v, d, g]) =>
      (visit) => {
        const channel = Math.floor(g / (f / groups)) * (c / groups) + d
        for (let n = 0; n < batch; n++) {
          for (let i = 0; i < oh; i++) {
            const y = i * stride + u - padding
            if (y < 0 || y >= h) continue
            for (let j = 0; j < ow; j++) {
              const x = j * stride + v - padding
              if (x >= 0 && x < w) visit(((n * h + y) * w + x) * c + channel, ((n * oh + i) * ow + j) * f + g)
            }
          }
        }
      },
  }),
}

/** Samples of a convolution's result; the scale is the largest Σ|a·b| among them. */
export function convolutionReference(direction, geometry, batch, a, b) {
  const { shape, pairs } = elements[direction](geometry, batch)
  const size = sizeOf(shape(batch))
  const at = sampled(size, direction === 'filter' ? 100 : 1000)
  const found = at.map((index) => products(a, b, pairs(coordinates(index, shape(batch)))))
  return [
    { size, at, expected: found.map(([sum]) => sum), scale: Math.max(...found.map(([, magnitude]) => magnitude)) },
  ]
}
