import { isUtf8 } from 'node:buffer'
import { DataError } from '../engine/errors.js'
import { quoted } from './table.js'

/** What a look at every byte of a delimited text file established. */
export interface CsvShape {
  readonly delimiter: string
  /** Lines end in \n here and in \r\n there. */
  readonly mixedNewlines: boolean
  readonly names: readonly string[]
  /** Whether the names stand in the first row. */
  readonly header: boolean
  /** Rows below the header. */
  readonly rows: number
}

const QUOTE = 34
const LF = 10
const CR = 13

/**
 * Checks the structure of a delimited text file, since a reader that guesses the dialect takes a ragged file for one
 * with another delimiter. Throws DataError with the row (1-based, the header is row 1) for bytes that are not UTF-8,
 * ragged rows, blank lines between rows, open quotes, an empty file, a header without rows, and bad column names.
 *
 * @param given names of the columns, where the file has no header
 */
export function scanCsv(bytes: Buffer, file: string, given?: readonly string[]): CsvShape {
  const text = bytes.subarray(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
  if (text.every((byte) => byte === LF || byte === CR)) throw new DataError('the file is empty', { file })
  checkEncoding(text, file)
  checkNewlines(text, file)
  const delimiter = delimiterOf(text, file)
  const scan = scanRecords(text, delimiter.charCodeAt(0), file)
  const first = splitHeader(text.toString('utf8', 0, scan.headerEnd), delimiter)
  if (given !== undefined && given.length !== first.length)
    throw new DataError(`expected ${given.length} fields, one per name, found ${first.length}`, { file, row: 1 })
  const names = given ?? first
  const header = given === undefined
  if (header) checkHeader(names, file)
  checkDistinct(names, file)
  const rows = scan.rows + (header ? 0 : 1)
  if (rows === 0) throw new DataError('expected rows below the header, found none', { file })
  return { delimiter, names, header, rows, mixedNewlines: scan.crlf > 0 && scan.crlf < scan.newlines }
}

function checkEncoding(text: Buffer, file: string): void {
  if (text.includes(0)) throw new DataError('expected UTF-8 text, found binary data (a zero byte)', { file })
  if (isUtf8(text)) return
  let row = 1
  for (let start = 0; start < text.length; row++) {
    const end = text.indexOf(LF, start)
    const stop = end < 0 ? text.length : end
    if (!isUtf8(text.subarray(start, stop))) break
    start = stop + 1
  }
  throw new DataError('expected UTF-8 text, found bytes that are not UTF-8: save the file as UTF-8', { file, row })
}

function checkNewlines(text: Buffer, file: string): void {
  if (!text.includes(LF) && text.includes(CR))
    throw new DataError('expected lines that end in \\n or \\r\\n, found \\r', { file })
}

function delimiterOf(text: Buffer, file: string): string {
  if (/\.(tsv|tab)(\.gz)?$/i.test(file)) return '\t'
  const end = text.indexOf(LF)
  const header = text.toString('utf8', 0, end < 0 ? text.length : end).replace(/"[^"]*"/g, '')
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: header.split(delimiter).length }))
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter
}

interface Scan {
  headerEnd: number
  rows: number
  newlines: number
  crlf: number
}

function scanRecords(text: Buffer, delimiter: number, file: string): Scan {
  const scan: Scan = { headerEnd: 0, rows: -1, newlines: 0, crlf: 0 }
  let width = 0
  let blank = 0
  for (let at = 0; at < text.length;) {
    const row = scan.rows + blank + 2
    const record = scanRecord(text, at, delimiter, { file, row })
    if (scan.rows < 0) {
      width = record.fields
      scan.headerEnd = record.end
    }
    if (record.end === at && width > 1) blank++
    else if (blank) throw new DataError('expected a row, found a blank line', { file, row: row - blank })
    else if (record.fields !== width)
      throw new DataError(`expected ${width} fields as in the header, found ${record.fields}`, { file, row })
    else scan.rows++
    if (record.next <= text.length) scan.newlines++
    if (record.next <= text.length && record.end < record.next - 1) scan.crlf++
    at = record.next
  }
  return scan
}

/** One record from `start`: its number of fields, the end of its text, and where the next record starts. */
function scanRecord(text: Buffer, start: number, delimiter: number, where: { file: string; row: number }) {
  let fields = 1
  let at = start
  for (; at < text.length; at++) {
    const byte = text[at]
    if (byte === LF) break
    if (byte === delimiter) fields++
    else if (byte === QUOTE && (at === start || text[at - 1] === delimiter))
      at = closingQuote(text, at, delimiter, where)
  }
  const end = at > start && text[at - 1] === CR ? at - 1 : at
  return { fields, end, next: at + 1 }
}

function closingQuote(text: Buffer, open: number, delimiter: number, where: { file: string; row: number }): number {
  let at = text.indexOf(QUOTE, open + 1)
  while (at >= 0 && text[at + 1] === QUOTE) at = text.indexOf(QUOTE, at + 2)
  if (at < 0) throw new DataError('a quoted field is never closed', where)
  const after = text[at + 1]
  if (after === undefined || after === delimiter || after === LF || after === CR) return at
  throw new DataError('expected a delimiter after a quoted field, found other text', where)
}

function splitHeader(line: string, delimiter: string): string[] {
  const names: string[] = []
  let rest = line
  for (;;) {
    const match = rest.startsWith('"') ? /^"((?:[^"]|"")*)"/.exec(rest) : null
    const end = match ? match[0].length : (rest + delimiter).indexOf(delimiter)
    const name = match ? (match[1] ?? '').replaceAll('""', '"') : rest.slice(0, end)
    // An unnamed column is what row labels get in R and pandas; its position is its name.
    names.push(name.trim() || `column${names.length + 1}`)
    if (end >= rest.length) return names
    rest = rest.slice(end + 1)
  }
}

function checkHeader(names: readonly string[], file: string): void {
  if (!names.every((name) => Number.isFinite(Number(name)))) return
  const message = 'expected a header with column names, found only numbers (readTable takes names for a file without)'
  throw new DataError(message, { file, row: 1 })
}

function checkDistinct(names: readonly string[], file: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return
  const message = `expected different column names, found ${quoted(twice)} twice`
  throw new DataError(message, { file, row: 1, column: twice })
}
