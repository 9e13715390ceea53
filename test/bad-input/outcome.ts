/** What a call with wrong arguments may do: give a result that can be read, or say in one sentence what is wrong. */
import { expect } from 'vitest'
import { ArgumentError, KernelError, Tensor, tidy } from 'landbridge'

const SENTENCE = /^([\w.]+): expected (.+), received (.+)$/s
const INTERNAL = /undefined|is not a function|Cannot read|\[object |of range \(|run: /

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value as Tensor]
  return Array.isArray(value) ? value.flatMap(tensorsIn) : []
}

function readAll(value: unknown): void {
  const found = tensorsIn(value)
  expect(found.length, 'tensors in the result').toBeGreaterThan(0)
  for (const each of found) {
    expect(each.shape.every((size) => Number.isSafeInteger(size) && size >= 0)).toBe(true)
    expect(each.dataSync().length).toBe(each.size)
    if (each.requiresGrad && each.size > 0) backward(each)
  }
}

function backward(y: Tensor): void {
  const total = y.sum()
  total.backward({ retainGraph: true }) // the results of one call share its node
}

/** Why `run` did what it must not do; undefined where all is well. */
export function complaint(op: string, run: () => unknown): string | undefined {
  try {
    tidy(() => readAll(run()))
    return undefined
  } catch (error) {
    return complaintOn(op, error)
  }
}

export function complaintOn(op: string, error: unknown): string | undefined {
  if (error instanceof KernelError) return undefined // depends on values: told at the read
  if (!(error instanceof ArgumentError)) return `threw ${String(error)}`
  const [, name] = SENTENCE.exec(error.message) ?? []
  if (name !== op || error.op !== op) return `does not name itself: ${error.message}`
  if (INTERNAL.test(error.message)) return `speaks of internals: ${error.message}`
  if (error.message.length > 600) return `is long-winded: ${error.message.slice(0, 200)}`
  return undefined
}

/** Gathers complaints over many calls, so that one failure does not hide the others. */
export class Complaints {
  readonly #all: string[] = []
  check(what: string, op: string, run: () => unknown): void {
    const found = complaint(op, run)
    if (found !== undefined) this.#all.push(`${op}(${what}) ${found}`)
  }
  /** For functions whose result is no tensor. */
  checkError(what: string, op: string, run: () => unknown): void {
    try {
      run()
    } catch (error) {
      const found = complaintOn(op, error)
      if (found !== undefined) this.#all.push(`${op}(${what}) ${found}`)
    }
  }
  expectNone(): void {
    expect(this.#all.splice(0).slice(0, 40)).toEqual([])
  }
}
