/** The definition of convolution, element by element, in double precision. */
import { nd, ndIndex, type Nd } from 'landbridge/testing'

export interface Axes {
  stride?: number | readonly [number, number]
  dilation?: number | readonly [number, number]
  /** [[top, bottom], [left, right]]; default none. */
  pads?: readonly [readonly [number, number], readonly [number, number]]
  groups?: number
}

export const both = (value: number | readonly [number, number] = 1): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value

const noPads = [
  [0, 0],
  [0, 0],
] as const

export function convolve({ stride, dilation, pads = noPads, groups = 1 }: Axes) {
  const [[sh, sw], [dh, dw]] = [both(stride), both(dilation)]
  return (x: Nd, w: Nd, bias?: Nd): Nd => {
    const [n, h, wide, c] = x.shape as [number, number, number, number]
    const [kh, kw, depth, filters] = w.shape as [number, number, number, number]
    const rows = Math.floor((h + pads[0][0] + pads[0][1] - dh * (kh - 1) - 1) / sh) + 1
    const columns = Math.floor((wide + pads[1][0] + pads[1][1] - dw * (kw - 1) - 1) / sw) + 1
    const pixel = (b: number, i: number, j: number, k: number) =>
      i < 0 || j < 0 || i >= h || j >= wide ? 0 : ndIndex(x, b, i, j, k)
    return nd([n, rows, columns, filters], (b, i, j, f) => {
      const first = Math.floor(f / (filters / groups)) * (c / groups)
      let total = bias ? ndIndex(bias, f) : 0
      for (let p = 0; p < kh; p++) {
        for (let q = 0; q < kw; q++) {
          const [y, z] = [i * sh + p * dh - pads[0][0], j * sw + q * dw - pads[1][0]]
          for (let k = 0; k < depth; k++) total += pixel(b, y, z, first + k) * ndIndex(w, p, q, k, f)
        }
      }
      return total
    })
  }
}

/** Every input pixel stamps the filter onto the result: w is [kh, kw, F/groups, C]. */
export function convolveTransposed(
  { stride, dilation, pads = noPads, groups = 1 }: Axes,
  extra: readonly number[] = [0, 0],
) {
  const [[sh, sw], [dh, dw]] = [both(stride), both(dilation)]
  return (x: Nd, w: Nd, bias?: Nd): Nd => {
    const [n, h, wide, c] = x.shape as [number, number, number, number]
    const [kh, kw, depth] = w.shape as [number, number, number, number]
    const filters = depth * groups
    const rows = (h - 1) * sh + dh * (kh - 1) + 1 - pads[0][0] - pads[0][1] + (extra[0] as number)
    const columns = (wide - 1) * sw + dw * (kw - 1) + 1 - pads[1][0] - pads[1][1] + (extra[1] as number)
    const y = nd([n, rows, columns, filters], (...index) => (bias ? ndIndex(bias, index[3] as number) : 0))
    nd([n, h, wide, c], (b, i, j, k) => {
      const group = Math.floor(k / (c / groups))
      nd([kh, kw, depth], (p, q, f) => {
        const [r, s] = [i * sh + p * dh - pads[0][0], j * sw + q * dw - pads[1][0]]
        if (r < 0 || s < 0 || r >= rows || s >= columns) return 0
        const at = ((b * rows + r) * columns + s) * filters + group * depth + f
        y.data[at] = (y.data[at] as number) + ndIndex(x, b, i, j, k) * ndIndex(w, p, q, f, k)
        return 0
      })
      return 0
    })
    return y
  }
}

/** The filter's gradient: each tap collects the products of what it meets. */
export function convolveFilter({ stride, dilation, pads = noPads, groups = 1 }: Axes, size: readonly [number, number]) {
  const [[sh, sw], [dh, dw]] = [both(stride), both(dilation)]
  return (x: Nd, dy: Nd): Nd => {
    const [, h, wide, c] = x.shape as [number, number, number, number]
    const [n, rows, columns, filters] = dy.shape as [number, number, number, number]
    return nd([...size, c / groups, filters], (p, q, k, f) => {
      const channel = Math.floor(f / (filters / groups)) * (c / groups) + k
      let total = 0
      for (let b = 0; b < n; b++) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const [y, z] = [i * sh + p * dh - pads[0][0], j * sw + q * dw - pads[1][0]]
            if (y < 0 || z < 0 || y >= h || z >= wide) continue
            total += ndIndex(x, b, y, z, channel) * ndIndex(dy, b, i, j, f)
          }
        }
      }
      return total
    })
  }
}
