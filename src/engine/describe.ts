/** A few words for anything that a caller can pass; for error messages. */
import { isTensor } from './tensor.js'

const MOST_PARTS = 8
const LONGEST_TEXT = 80
const DEEPEST = 3

export const cut = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text)

/** Never throws, whatever getters and proxies do, and never gets long. */
export function describe(value: unknown): string {
  try {
    return describeAt(value, 0)
  } catch {
    return 'an object that cannot be read'
  }
}

function describeAt(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing'
    case 'string':
      return `"${cut(value)}"`
    case 'bigint':
      return `${cut(String(value))}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : describeObject(value, depth)
    default:
      return cut(String(value))
  }
}

function describeObject(value: object, depth: number): string {
  if (isTensor(value)) return value.toString()
  if (Array.isArray(value)) {
    if (depth === DEEPEST) return '[…]'
    const parts = Array.from(value.slice(0, MOST_PARTS), (each) => describeAt(each, depth + 1))
    return `[${parts.join(', ')}${value.length > MOST_PARTS ? ', …' : ''}]`
  }
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`
  const keys = Object.keys(value)
  const shown = keys.slice(0, MOST_PARTS).map(cut).join(', ')
  return `an object with ${shown || 'nothing'}${keys.length > MOST_PARTS ? ', …' : ''}`
}
