import { describe, expect, it } from 'vitest'
import { adaptTable } from '../../src/cli/summary.js'
import { formatTable, useColour } from '../../src/cli/table.js'
import { displayWidth } from '../../src/cli/width.js'
import { sampleResult } from '../support/result.js'

const columns = [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'note' }] as const

describe('formatTable', () => {
  it('aligns text left and numbers right, without blanks at the end', () => {
    const rows = [
      ['a', '1.5', ''],
      ['longer', '10.25', 'x'],
    ]
    expect(formatTable(columns, rows).split('\n')).toEqual([
      'name        n  note',
      '──────  ─────  ────',
      'a         1.5',
      'longer  10.25  x',
    ])
  })

  it('counts wide characters as two columns and marks as none', () => {
    expect([displayWidth('abc'), displayWidth('气温'), displayWidth('e\u0301'), displayWidth('°')]).toEqual([
      3, 4, 1, 1,
    ])
    const lines = formatTable(columns, [['气温', '1', 'x'], ['temp', '22', 'y']]).split('\n') // prettier-ignore
    expect(lines.slice(2)).toEqual(['气温   1  x', 'temp  22  y'])
  })

  it('has the same columns with colour as without', () => {
    const rows = [
      [{ text: 'a', style: 'red' as const }, '1', 'x'],
      ['bb', { text: '22', style: 'bold' as const }, 'y'],
    ]
    const coloured = formatTable(columns, rows, { colour: true })
    expect(coloured).toContain('\u001b[31ma\u001b[0m')
    // eslint-disable-next-line no-control-regex
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(formatTable(columns, rows))
  })

  it('lets no text steer the terminal', () => {
    const text = formatTable([{ title: 'a\u001b[2J' }], [['b\n\u0007']], { notes: ['c\u001b]0;x'] })
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0007\u001b]/)
    expect(text.split('\n')).toHaveLength(4)
  })

  it('refuses a row with too few cells', () => {
    expect(() => formatTable(columns, [['a']])).toThrow(/expected 3 cells, received 1/)
  })
})

it('colour is for terminals, and the user decides', () => {
  expect(useColour({ isTTY: true }, {})).toBe(true)
  expect(useColour({ isTTY: false }, {})).toBe(false)
  expect(useColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(useColour({ isTTY: false }, { FORCE_COLOR: '1' })).toBe(true)
  expect(useColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
})

it('adaptTable says for each row what it reached', () => {
  const result = { ...sampleResult(), warnings: ['look at TEMP'] }
  const lines = adaptTable(result).split('\n')
  expect(lines[2]).toMatch(/^persistence +75\.0 +65\.0 +1\.250 \[1\.200, 1\.300\]$/)
  expect(lines[3]).toMatch(/same as persistence$/)
  expect(lines[5]).toMatch(/^coral +63\.0 ± 0\.3 +53\.0 ± 0\.5 .*negative transfer$/)
  expect(lines[7]).toMatch(/^finetune.*best, better$/)
  expect(lines.join('\n')).toContain('2 hours ahead, 1,234 test windows')
  expect(lines.at(-1)).toBe('Warning: look at TEMP')
})
