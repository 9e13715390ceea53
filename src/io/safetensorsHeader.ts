/** The header of a safetensors file: eight bytes of length, JSON, and then the values of all tensors without a gap. */
import { describe } from '../engine/arguments.js'
import { DataError } from '../engine/errors.js'
import type { Shape } from '../engine/tensor.js'
import { duplicateKey } from './duplicateKeys.js'
import { isRecord } from './json.js'
import { formats, type Format } from './safetensorsFormats.js'

export interface Entry {
  name: string
  format: Format
  shape: Shape
  /** Where its bytes are, from the start of the file. */
  begin: number
  end: number
}

export interface Header {
  entries: Entry[]
  metadata: Record<string, string>
}

export const LENGTH_BYTES = 8
const METADATA = '__metadata__'
const MAX_RANK = 8

/** The length of the JSON, checked against the size of the file before anyone allocates that much. */
export function headerLength(first: Uint8Array, fileSize: number, file: string | undefined): number {
  if (first.length < LENGTH_BYTES) {
    throw new DataError(`expected a safetensors file, received one of ${fileSize} bytes`, { file })
  }
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  if (length > BigInt(fileSize - LENGTH_BYTES)) {
    const message = `expected a header within the ${fileSize} bytes of the file, received a header of ${length} bytes`
    throw new DataError(message, { file })
  }
  return Number(length)
}

export function parseHeader(bytes: Uint8Array, fileSize: number, file: string | undefined): Header {
  const fields = parseJson(bytes, file)
  const metadata = parseMetadata(fields[METADATA], file)
  const start = LENGTH_BYTES + bytes.length
  const entries = Object.entries(fields)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => parseEntry(name, value, start, fileSize, file))
  checkCover(entries, start, fileSize, file)
  return { entries, metadata }
}

function parseJson(bytes: Uint8Array, file: string | undefined): Record<string, unknown> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DataError(`expected a header of JSON in UTF-8, received bytes that are not (${reason})`, { file })
  }
  if (!isRecord(value)) throw new DataError(`expected a JSON object as header, received ${describe(value)}`, { file })
  const twice = duplicateKey(text)
  if (twice !== undefined) throw new DataError(`expected each name once, received "${twice}" twice`, { file })
  return value
}

function parseMetadata(value: unknown, file: string | undefined): Record<string, string> {
  if (value === undefined) return {}
  if (!isRecord(value) || Object.values(value).some((each) => typeof each !== 'string')) {
    throw new DataError(`expected texts as ${METADATA}, received ${describe(value)}`, { file })
  }
  return value as Record<string, string>
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)

function parseEntry(name: string, value: unknown, start: number, fileSize: number, file: string | undefined): Entry {
  const refuse = (expected: string, received: string): never => {
    throw new DataError(`tensor ${name}: expected ${expected}, received ${received}`, { file })
  }
  if (!isRecord(value)) return refuse('an object with dtype, shape and data_offsets', describe(value))
  const { dtype, shape, data_offsets: offsets } = value
  const format = typeof dtype === 'string' ? formats.get(dtype) : undefined
  if (format === undefined) return refuse(`a dtype among ${[...formats.keys()].join(', ')}`, describe(dtype))
  if (!isCounts(shape) || shape.length > MAX_RANK) {
    return refuse(`a shape of at most ${MAX_RANK} integers ≥ 0`, describe(shape))
  }
  if (!isCounts(offsets) || offsets.length !== 2) return refuse('two data_offsets', describe(offsets))
  const [begin, end] = offsets as [number, number]
  if (begin > end || end > fileSize - start) {
    return refuse(`data_offsets in order and up to ${fileSize - start}`, describe(offsets))
  }
  const wanted = shape.reduce((a, b) => a * b, 1) * format.bytes
  if (wanted !== end - begin) return refuse(`${wanted} bytes for ${format.name} ${describe(shape)}`, `${end - begin}`)
  return { name, format, shape, begin: start + begin, end: start + end }
}

/** The tensors lie one after the other, from the end of the header to the end of the file. */
function checkCover(entries: Entry[], start: number, fileSize: number, file: string | undefined): void {
  let at = start
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const what = begin < at ? 'an overlap with another tensor' : 'a hole'
      const message = `tensor ${name}: expected its values to begin at byte ${at - start}, received ${begin - start}, ${what}`
      throw new DataError(message, { file })
    }
    at = end
  }
  if (at === fileSize) return
  throw new DataError(`expected ${at - start} bytes of values, received ${fileSize - start}`, { file })
}
