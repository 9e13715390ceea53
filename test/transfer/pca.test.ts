import { describe, expect, it } from 'vitest'
import { project, projectDomains } from '../../src/transfer/pca.js'

let state = 5
const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5

/** Leading eigenvector of the covariance by power iteration, and its eigenvalue; `without` is deflated first. */
function powerIteration(rows: number[][], without: { value: number; vector: number[] }[] = []) {
  const d = rows[0]!.length
  const mean = rows[0]!.map((_, i) => rows.reduce((s, r) => s + r[i]!, 0) / rows.length)
  const c = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => {
      const plain = rows.reduce((s, r) => s + (r[i]! - mean[i]!) * (r[j]! - mean[j]!), 0) / rows.length
      return without.reduce((s, { value, vector }) => s - value * vector[i]! * vector[j]!, plain)
    }),
  )
  let vector = Array.from({ length: d }, () => 1 / Math.sqrt(d))
  let value = 0
  for (let step = 0; step < 3000; step++) {
    const next = c.map((row) => row.reduce((s, v, j) => s + v * vector[j]!, 0))
    value = Math.hypot(...next)
    vector = next.map((v) => v / value)
  }
  const trace = c.reduce((s, row, i) => s + row[i]!, 0)
  return { value, vector, mean, trace }
}

describe('project', () => {
  const rows = Array.from({ length: 60 }, () => [5, 3, 1, 1, 0.5].map((scale, i) => 100 * i + scale * random()))
  const flat = Float64Array.from(rows.flat())

  it('agrees with power iteration on the covariance, up to sign', () => {
    const { points, explained } = project(flat, 5)
    const first = powerIteration(rows)
    const second = powerIteration(rows, [first])
    ;[first, second].forEach(({ vector, value }, axis) => {
      const scores = rows.map((row) => row.reduce((s, v, i) => s + (v - first.mean[i]!) * vector[i]!, 0))
      const sign = Math.sign(scores[0]! * points[axis]!)
      scores.forEach((score, r) => expect(points[2 * r + axis]).toBeCloseTo(sign * score, 6))
      expect(explained[axis]).toBeCloseTo(value / first.trace, 8)
    })
  })

  it('points an axis where its largest weight is positive, and leaves the second of one dimension empty', () => {
    expect([...project([1, 2, 6], 1).points]).toEqual([-2, 0, -1, 0, 3, 0])
    expect(project([1, 2, 6], 1).explained).toEqual([1, 0])
  })

  it('copes with features that do not vary', () => {
    expect(project([4, 4, 4, 4], 2)).toEqual({ points: new Float64Array(4), explained: [0, 0] })
  })

  it('refuses ragged rows', () => {
    expect(() => project([1, 2, 3], 2)).toThrow(/rows of 2 values, received 3/)
  })

  it('keeps domains apart that lie apart', () => {
    const { source, target } = projectDomains([0, 0, 0, 1], [10, 0, 10, 1, 10, 2], 2)
    expect([source.length, target.length]).toEqual([2, 3])
    expect(Math.max(...source.map(([x]) => x))).toBeLessThan(Math.min(...target.map(([x]) => x)))
  })
})
