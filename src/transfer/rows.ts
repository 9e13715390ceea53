import { describe, objectArgument } from '../engine/arguments.js'
import { ArgumentError } from '../engine/errors.js'
import type { Device } from '../engine/native.js'
import { isTensor, type Tensor } from '../engine/tensor.js'
import { tensor } from '../ops/creation.js'
import { gather } from '../ops/gather.js'
import { to } from '../ops/to.js'

/** Samples along the first axis: a tensor, or anything that makes the rows of a batch when asked. */
export type Rows = Tensor | RowSource

export interface RowSource {
  readonly count: number
  /**
   * A new tensor [indices.length, …]; released by the caller.
   *
   * @param device where it is wanted; one made elsewhere is copied there
   */
  rows(indices: Int32Array, device: Device): Tensor
}

/** Inputs with their labels, row by row. */
export interface Labelled {
  x: Rows
  y: Rows
}

/** Inputs alone. */
export interface Unlabelled {
  x: Rows
  y?: never
}

export function countOf(rows: Rows): number {
  return isTensor(rows) ? (rows.shape[0] ?? 0) : rows.count
}

/** A batch of rows on a device. */
export function take(rows: Rows, indices: Int32Array, device: Device): Tensor {
  const own = isTensor(rows)
  const batch = own ? gather(rows, tensor(indices, { device: rows.device })) : rows.rows(indices, device)
  return batch.device === device ? batch : to(batch, device)
}

/** Checks that `side` has rows, labels where it must, and as many of them. */
export function checkRows(op: string, name: string, side: { x: Rows; y?: Rows }, labelled: boolean): void {
  objectArgument(op, `rows { x, y } as ${name}`, side)
  const { x, y } = side
  for (const [key, rows] of Object.entries(labelled ? { x, y } : { x })) requireRows(op, `${name}.${key}`, rows)
  const count = countOf(x)
  if (!(count > 0)) throw new ArgumentError(op, `at least one row in ${name}.x`, 'none')
  if (y !== undefined && countOf(y) !== count) {
    throw new ArgumentError(op, `as many rows in ${name}.y as in ${name}.x, ${count}`, `${countOf(y)}`)
  }
}

/** What the types promise; programs in JavaScript do not always keep it. */
function requireRows(op: string, name: string, rows: unknown): void {
  if (isTensor(rows)) return void rows.live(op)
  const expected = `a tensor or { count, rows } as ${name}`
  objectArgument(op, expected, rows)
  const { count, rows: make } = rows as Partial<RowSource>
  if (Number.isSafeInteger(count) && (count as number) >= 0 && typeof make === 'function') return
  throw new ArgumentError(op, expected, describe(rows))
}

/** Consecutive batches of 0 … count − 1, in order. */
export function* inOrder(count: number, batchSize: number): Generator<Int32Array> {
  for (let begin = 0; begin < count; begin += batchSize) {
    yield Int32Array.from({ length: Math.min(batchSize, count - begin) }, (_, i) => begin + i)
  }
}
