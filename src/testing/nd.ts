/** Plain double-precision arrays for references: values and a shape, row-major. */
export interface Nd {
  shape: readonly number[]
  data: Float64Array
}

/** An array filled by `f`, which receives the index along each axis. */
export function nd(shape: readonly number[], f: (...index: number[]) => number): Nd {
  const size = shape.reduce((a, b) => a * b, 1)
  const index = shape.map(() => 0)
  const data = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    data[i] = f(...index)
    for (let axis = shape.length - 1; axis >= 0 && ++(index[axis] as number) === shape[axis]; axis--) index[axis] = 0
  }
  return { shape, data }
}

/** The value at an index. */
export function ndIndex(x: Nd, ...index: number[]): number {
  let at = 0
  for (let axis = 0; axis < x.shape.length; axis++) at = at * (x.shape[axis] as number) + (index[axis] as number)
  return x.data[at] as number
}

/** An array from values in row-major order. */
export function ndOf(shape: readonly number[], values: ArrayLike<number>): Nd {
  return { shape, data: Float64Array.from(values) }
}

/** A repeatable generator of numbers uniform in [0, 1) (mulberry32), for test data. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
