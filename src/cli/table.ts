import { ArgumentError } from '../engine/errors.js'
import { displayWidth, printable } from './width.js'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Text, or text with a style that is shown only where colour is on. */
export type Cell = string | { text: string; style: Style }

export interface Column {
  title: string
  /** Default "left"; numbers read best on the right. */
  align?: 'left' | 'right'
}

export interface TableOptions {
  /** Default false; see `useColour`. */
  colour?: boolean
  /** Sentences below the table. */
  notes?: readonly string[]
}

const codes: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 }

/**
 * Aligned columns, two blanks apart, under a rule; no line ends in blanks, and the last line has no line feed.
 *
 * @throws ArgumentError when a row has not one cell per column
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { colour = false, notes = [] }: TableOptions = {},
): string {
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new ArgumentError('formatTable', `${columns.length} cells`, `${row.length}`)
  }
  const header = columns.map(({ title }): Cell => ({ text: title, style: 'bold' }))
  const widths = columns.map((_, i) => Math.max(...[header, ...rows].map((row) => displayWidth(textOf(row[i]!)))))
  const line = (row: readonly Cell[]) =>
    row
      .map((cell, i) => {
        const last = i === columns.length - 1 && columns[i]!.align !== 'right'
        const blanks = last ? '' : ' '.repeat(widths[i]! - displayWidth(textOf(cell)))
        const text = paint(cell, colour)
        return columns[i]!.align === 'right' ? blanks + text : text + blanks
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [line(header), rule, ...rows.map(line), ...notes.map(printable)].join('\n')
}

/** Whether to colour what goes to `stream`: a terminal that can, unless NO_COLOR says otherwise (no-color.org). */
export function useColour(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): boolean {
  if (environment['NO_COLOR']) return false
  if (environment['FORCE_COLOR']) return environment['FORCE_COLOR'] !== '0'
  return stream.isTTY === true && environment['TERM'] !== 'dumb'
}

const textOf = (cell: Cell) => printable(typeof cell === 'string' ? cell : cell.text)

const paint = (cell: Cell, colour: boolean) =>
  colour && typeof cell !== 'string' ? `\u001b[${codes[cell.style]}m${textOf(cell)}\u001b[0m` : textOf(cell)
