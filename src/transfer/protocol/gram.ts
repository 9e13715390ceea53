import { ShapeError } from '../../engine/errors.js'

/** Rows per panel: 64 float64 of one column are half a kilobyte, so that four columns of a tile stay in the first cache. */
const panelRows = 64

/**
 * The Gram matrix ZᵀZ of rows that arrive in batches, in float64. Rows are gathered into a column-major panel, so that
 * both operands of every inner product are contiguous, and the lower triangle is updated in tiles of 2 × 4 inner products.
 */
export class Gram {
  /** [width, width], row-major; only the lower triangle is filled. */
  readonly sums: Float64Array
  rows = 0
  private readonly panel: Float64Array
  private readonly padded: number
  private filled = 0

  constructor(readonly width: number) {
    // Padding columns are always zero, so that tiles need no edge case.
    this.padded = Math.ceil(width / 4) * 4
    this.panel = new Float64Array(this.padded * panelRows)
    this.sums = new Float64Array(this.padded * this.padded)
  }

  /** Adds row `row` of each part, side by side: Z = [part₀ | part₁ | …]. */
  add(parts: readonly { values: ArrayLike<number>; width: number }[], count: number): void {
    const width = parts.reduce((sum, part) => sum + part.width, 0)
    if (width !== this.width || parts.some((part) => part.values.length < count * part.width)) {
      throw new ShapeError('Gram', `${count} rows of ${this.width} values`, `rows of ${width}`)
    }
    for (let row = 0; row < count; row++) {
      let column = 0
      for (const part of parts) {
        const base = row * part.width
        for (let j = 0; j < part.width; j++, column++) {
          this.panel[column * panelRows + this.filled] = part.values[base + j]!
        }
      }
      this.rows++
      if (++this.filled === panelRows) this.flush()
    }
  }

  /** Sum of products of two columns, over all rows added so far. */
  at(i: number, j: number): number {
    if (this.filled > 0) this.flush()
    return i >= j ? this.sums[i * this.padded + j]! : this.sums[j * this.padded + i]!
  }

  private flush(): void {
    for (let i = 0; i < this.padded; i += 2) {
      for (let j = 0; j <= i; j += 4) addTile(this.panel, this.sums, this.padded, i, j)
    }
    this.panel.fill(0)
    this.filled = 0
  }
}

/** Eight running sums in registers per pass over the panel: six loads for eight multiply-adds. */
function addTile(panel: Float64Array, sums: Float64Array, width: number, i: number, j: number): void {
  let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0]
  const a = i * panelRows
  const b = j * panelRows
  for (let r = 0; r < panelRows; r++) {
    const x = panel[a + r]!
    const y = panel[a + panelRows + r]!
    const p = panel[b + r]!
    const q = panel[b + panelRows + r]!
    const u = panel[b + 2 * panelRows + r]!
    const v = panel[b + 3 * panelRows + r]!
    s0 += x * p
    s1 += x * q
    s2 += x * u
    s3 += x * v
    t0 += y * p
    t1 += y * q
    t2 += y * u
    t3 += y * v
  }
  const top = i * width + j
  const bottom = top + width
  sums[top]! += s0
  sums[top + 1]! += s1
  sums[top + 2]! += s2
  sums[top + 3]! += s3
  sums[bottom]! += t0
  sums[bottom + 1]! += t1
  sums[bottom + 2]! += t2
  sums[bottom + 3]! += t3
}
