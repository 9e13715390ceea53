/** Naive references over axes, in double precision. */
import { nd, ndIndex, type Nd } from 'landbridge/testing'

export type AxisOption = number | readonly number[] | undefined

/** Applies f to the list of values that each result covers. */
export function reduceReference(f: (values: number[]) => number, axis?: AxisOption, keepDims = false) {
  return (x: Nd): Nd => {
    const rank = x.shape.length
    const given = axis === undefined ? x.shape.map((_, i) => i) : typeof axis === 'number' ? [axis] : axis
    const axes = given.map((each) => (each + rank) % rank)
    const kept = x.shape.flatMap((_, i) => (axes.includes(i) ? [] : [i]))
    const shape = keepDims
      ? x.shape.map((size, i) => (axes.includes(i) ? 1 : size))
      : kept.map((i) => x.shape[i] as number)
    const place = keepDims ? x.shape.map((_, i) => i) : kept
    return nd(shape, (...index) => {
      const values: number[] = []
      nd(x.shape, (...at) => {
        const mine = place.every((original, i) => axes.includes(original) || at[original] === index[i])
        if (mine) values.push(ndIndex(x, ...at))
        return 0
      })
      return f(values)
    })
  }
}

/** Applies f to each line along one axis; it returns a line of the same length. */
export function lineReference(f: (line: number[]) => number[], axis: number) {
  return (x: Nd): Nd => {
    const along = (axis + x.shape.length) % x.shape.length
    return nd(x.shape, (...index) => {
      const line = Array.from({ length: x.shape[along] as number }, (_, i) =>
        ndIndex(x, ...index.map((each, a) => (a === along ? i : each))),
      )
      return f(line)[index[along] as number] as number
    })
  }
}
