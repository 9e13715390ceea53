// Inputs of rows: seeded by their names, so that every contestant and every run sees the same numbers.

/** Values uniform in [low, high). */
export const uniform = (shape, low = -1, high = 1) => ({ shape, low, high })
/** Class numbers below `classes`, int32. */
export const labels = (count, classes) => ({ shape: [count], classes })

export const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1)

function seedOf(name) {
  let hash = 2166136261
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0), 16777619)
  return hash >>> 0
}

function valuesOf(name, { shape, low, high, classes }) {
  const size = sizeOf(shape)
  if (classes !== undefined) return Int32Array.from({ length: size }, (_, i) => (i * 7919) % classes)
  const values = new Float32Array(size)
  const scale = (high - low) / 2 ** 32
  for (let i = 0, state = seedOf(name); i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state * scale + low
  }
  return values
}

/** name → { shape, data } of a row's inputs. */
export const makeInputs = (inputs) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, spec]) => [name, { shape: spec.shape, data: valuesOf(name, spec) }]),
  )

/** The elements of `data`, of shape `shape`, in the order of the permuted axes. */
export function permuted(data, shape, axes) {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)))
  const [sizes, steps] = [axes.map((axis) => shape[axis]), axes.map((axis) => strides[axis])]
  const out = new data.constructor(data.length)
  const [innermost, step] = [sizes.at(-1), steps.at(-1)]
  const index = new Array(axes.length).fill(0)
  for (let to = 0, from = 0; to < out.length;) {
    for (let i = 0; i < innermost; i++) out[to++] = data[from + i * step]
    for (let axis = axes.length - 2; axis >= 0; axis--) {
      from += steps[axis]
      if (++index[axis] < sizes[axis]) break
      from -= sizes[axis] * steps[axis]
      index[axis] = 0
    }
  }
  return out
}

/** `count` element numbers below `size`: the first, the last, and others in between that repeat from run to run. */
export function sampled(size, count) {
  if (size <= count) return Array.from({ length: size }, (_, i) => i)
  const picked = Array.from({ length: count - 2 }, (_, i) => Math.floor((((i + 1) * 0.6180339887498949) % 1) * size))
  return [0, ...picked, size - 1]
}
