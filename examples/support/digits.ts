/** 8×8 pictures of ten digits: handwritten ones (UCI optdigits) where the file is there, else drawn ones. */
import { data } from 'landbridge'
import { sharedFile } from './shared.js'

export interface Digits {
  count: number
  /** [count · 64], 0 … 1. */
  pixels: Float32Array
  /** [count], 0 … 9. */
  labels: Int32Array
}

export interface DigitsSplit {
  train: Digits
  test: Digits
}

const NAMES = [...Array.from({ length: 64 }, (_, i) => `p${i}`), 'label']

/** Three quarters to train on, the rest to test with. */
export async function loadDigits(): Promise<DigitsSplit> {
  const path = sharedFile('data/digits/digits.csv.gz')
  if (path === undefined) console.log('digits.csv.gz is not there: drawn digits instead of handwritten ones')
  const all = path === undefined ? drawnDigits(1800) : await handwrittenDigits(path)
  const order = data.batches({ count: all.count, batchSize: all.count, seed: 7 }).next()
  const cut = Math.floor(0.75 * all.count)
  return { train: pick(all, order.subarray(0, cut)), test: pick(all, order.subarray(cut)) }
}

async function handwrittenDigits(path: string): Promise<Digits> {
  const table = await data.readTable(path, { names: NAMES })
  const columns = table.columns.map(({ values }) => values)
  const pixels = new Float32Array(table.rows * 64)
  pixels.forEach((_, i) => (pixels[i] = Number(columns[i % 64]?.[Math.floor(i / 64)]) / 16))
  return { count: table.rows, pixels, labels: Int32Array.from(columns[64] ?? [], Number) }
}

/** Five rows of three pixels per digit. */
const BITMAPS = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 2, 2, 2],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
]

function drawnDigits(count: number): Digits {
  const pixels = new Float32Array(count * 64)
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10)
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 // MINSTD (Park and Miller 1988)
  labels.forEach((label, i) => {
    const [top, left] = [1 + Math.floor(random() * 2), 2 + Math.floor(random() * 2)]
    for (let p = 0; p < 64; p++) pixels[i * 64 + p] = 0.25 * random()
    BITMAPS[label]?.forEach((bits, row) => {
      for (let column = 0; column < 3; column++) {
        if (bits & (4 >> column)) pixels[i * 64 + (top + row) * 8 + left + column] = 0.6 + 0.4 * random()
      }
    })
  })
  return { count, pixels, labels }
}

function pick({ pixels, labels }: Digits, rows: Int32Array): Digits {
  const picked = new Float32Array(rows.length * 64)
  rows.forEach((row, i) => picked.set(pixels.subarray(row * 64, row * 64 + 64), i * 64))
  return { count: rows.length, pixels: picked, labels: rows.map((row) => labels[row] ?? 0) }
}
