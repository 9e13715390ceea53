import { describe, expect, it } from 'vitest'
import { fitRidge, predictRidge, type WindowBatch } from '../../src/transfer/protocol/index.js'
import { cholesky } from '../../src/transfer/protocol/cholesky.js'
import { Gram } from '../../src/transfer/protocol/gram.js'

let state = 11
const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5

interface Rows {
  x: number[][]
  y: number[][]
}

/** y = x·w + 3 + noise, on inputs that are not centred, rounded to float32 as batches are. */
function rows(n: number, d: number, horizon: number, noise: number): Rows {
  const x = Array.from({ length: n }, () => Array.from({ length: d }, (_, i) => Math.fround(random() + i)))
  const y = x.map((row) =>
    Array.from({ length: horizon }, (_, k) =>
      Math.fround(row.reduce((sum, v, i) => sum + v * Math.cos(i + k), 3) + noise * random()),
    ),
  )
  return { x, y }
}

function* batches({ x, y }: Rows, size: number): Generator<WindowBatch> {
  for (let i = 0; i < x.length; i += size) {
    const count = Math.min(size, x.length - i)
    const flat = (part: number[][]) => Float32Array.from(part.slice(i, i + count).flat())
    yield { x: flat(x), y: flat(y), count }
  }
}

/** Gaussian elimination with partial pivoting on [A | b]. */
function solve(a: number[][], b: number[]): number[] {
  const m = a.map((row, i) => [...row, b[i]!])
  const n = m.length
  for (let c = 0; c < n; c++) {
    let pivot = c
    for (let r = c + 1; r < n; r++) if (Math.abs(m[r]![c]!) > Math.abs(m[pivot]![c]!)) pivot = r
    ;[m[c], m[pivot]] = [m[pivot]!, m[c]!]
    for (let r = 0; r < n; r++) {
      if (r === c) continue
      const factor = m[r]![c]! / m[c]![c]!
      for (let j = c; j <= n; j++) m[r]![j]! -= factor * m[c]![j]!
    }
  }
  return m.map((row, i) => row[n]! / row[i]!)
}

/** Ridge with an explicit, unpenalised column of ones: [w, intercept]. */
function directRidge({ x, y }: Rows, k: number, lambda: number): number[] {
  const z = x.map((row) => [...row, 1])
  const d = z[0]!.length
  const a = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => {
      const penalty = i === j && i < d - 1 ? lambda * z.length : 0
      return z.reduce((sum, row) => sum + row[i]! * row[j]!, penalty)
    }),
  )
  return solve(a, Array.from({ length: d }, (_, i) => z.reduce((sum, row, r) => sum + row[i]! * y[r]![k]!, 0))) // prettier-ignore
}

describe('fitRidge', () => {
  const [train, validation] = [rows(203, 9, 3, 1), rows(77, 9, 3, 1)]
  const source = (set: Rows, size: number) => () => batches(set, size)

  it('agrees with a direct solve for a given penalty', () => {
    const lambda = 0.02
    const model = fitRidge({ train: source(train, 17), validation: source(validation, 50), inputs: 9, horizon: 3, lambdas: [lambda] }) // prettier-ignore
    for (let k = 0; k < 3; k++) {
      const direct = directRidge(train, k, lambda)
      for (let i = 0; i < 9; i++) expect(model.weights[k * 9 + i]).toBeCloseTo(direct[i]!, 9)
      expect(model.intercept[k]).toBeCloseTo(direct[9]!, 8)
    }
  })

  it('chooses for each lead the penalty with the least validation error', () => {
    const lambdas = [1e-4, 1e-2, 0.1, 1, 10]
    // Lead 2 is noise alone: any weight harms there, so the strongest penalty must win.
    const noise = (set: Rows) => ({ x: set.x, y: set.y.map((row) => [row[0]!, row[1]!, Math.fround(random())]) })
    const [a, b] = [noise(rows(20, 9, 3, 0.5)), noise(validation)]
    const model = fitRidge({ train: source(a, 64), validation: source(b, 64), inputs: 9, horizon: 3, lambdas })
    for (let k = 0; k < 3; k++) {
      const errors = lambdas.map((lambda) => {
        const w = directRidge(a, k, lambda)
        return b.x.reduce((sum, row, r) => sum + (row.reduce((s, v, i) => s + v * w[i]!, w[9]!) - b.y[r]![k]!) ** 2, 0)
      })
      expect(model.lambda[k]).toBe(lambdas[errors.indexOf(Math.min(...errors))])
    }
    expect(model.lambda[2]).toBeGreaterThan(model.lambda[0]!)
  })

  it('predicts in batches', () => {
    const model = fitRidge({ train: source(train, 64), validation: source(validation, 64), inputs: 9, horizon: 3 })
    const [batch] = batches(validation, 77)
    const forecast = predictRidge(model, batch!.x, 77)
    const naive = validation.x.flatMap((row) =>
      Array.from({ length: 3 }, (_, k) =>
        row.reduce((s, v, i) => s + v * model.weights[k * 9 + i]!, model.intercept[k]!),
      ),
    )
    expect(forecast).toHaveLength(231)
    naive.forEach((value, i) => expect(forecast[i]).toBeCloseTo(value, 10))
  })

  it('survives inputs that repeat one another, and a constant one', () => {
    const doubled = ({ x, y }: Rows) => ({ x: x.map((row) => [...row, row[0]!, 1]), y })
    const model = fitRidge({ train: source(doubled(train), 64), validation: source(doubled(validation), 64), inputs: 11, horizon: 3 }) // prettier-ignore
    expect([...model.weights].every(Number.isFinite)).toBe(true)
    expect(model.weights[0]).toBeCloseTo(model.weights[9]!, 6)
  })

  it('refuses no windows and values that are not finite', () => {
    const none = () => batches({ x: [], y: [] }, 1)
    expect(() => fitRidge({ train: none, validation: none, inputs: 9, horizon: 3 })).toThrow(/windows to train on/)
    const bad = { x: [[NaN, 1]], y: [[1]] }
    expect(() => fitRidge({ train: source(bad, 1), validation: source(bad, 1), inputs: 2, horizon: 1 })).toThrow(
      /finite/,
    )
  })
})

it('Gram sums every pair of columns, whatever the width and the number of rows', () => {
  for (const [width, count] of [
    [1, 1],
    [5, 64],
    [6, 65],
    [11, 200],
  ] as const) {
    // prettier-ignore
    const values = Float32Array.from({ length: width * count }, random)
    const gram = new Gram(width)
    gram.add([{ values, width }], count)
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) {
        let sum = 0
        for (let r = 0; r < count; r++) sum += values[r * width + i]! * values[r * width + j]!
        expect(gram.at(i, j)).toBeCloseTo(sum, 11)
      }
    }
  }
  expect(() => new Gram(3).add([{ values: [1, 2], width: 2 }], 1)).toThrow(/rows of 2/)
})

it('cholesky refuses a matrix that is not positive definite', () => {
  expect(cholesky(Float64Array.of(1, 0, 2, 1), 2)).toBeUndefined()
  expect([...cholesky(Float64Array.of(4, 0, 2, 10), 2)!]).toEqual([2, 0, 1, 3])
})
