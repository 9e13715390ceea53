import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JSDOM } from 'jsdom'
import { describe, expect, it } from 'vitest'
import { MissingPackageError } from '../../src/engine/errors.js'
import { optionalImport } from '../../src/engine/optionalImport.js'
import { deviation, duration, number } from '../../src/report/format.js'
import { escapeHtml, html } from '../../src/report/html.js'
import { renderReport, writeReport, writeResult } from '../../src/report/index.js'
import type { AdaptResult } from '../../src/transfer/protocol/result.js'
import { sampleResult } from '../support/result.js'

interface Page {
  querySelectorAll(selector: string): Iterable<{ textContent: string; getAttribute(name: string): string | null }>
}

const parse = (text: string) => new JSDOM(text).window.document as Page
const texts = (page: Page, selector: string) =>
  Array.from(page.querySelectorAll(selector), ({ textContent }) => textContent.replace(/\s+/g, ' ').trim())

describe('renderReport', () => {
  it('has a row per method, with the best marked, and negative transfer only where there is any', async () => {
    const page = parse(await renderReport(sampleResult()))
    const rows = texts(page, '.results tbody tr')
    expect(rows).toHaveLength(6)
    expect(rows.filter((row) => row.includes('negative transfer'))).toEqual([expect.stringMatching(/^coral/)])
    expect(rows.filter((row) => row.includes('best'))).toEqual([expect.stringMatching(/^finetune.*best 57\.0/)])
    expect(rows[0]).toContain('worse than no transfer')
    expect(rows[1]).toContain('same as persistence')
    expect(rows[4]).toContain('no clear difference')
  })

  it('draws every picture, with a text for screen readers', async () => {
    const page = parse(await renderReport(sampleResult()))
    const labels = Array.from(page.querySelectorAll('svg'), (svg) => svg.getAttribute('aria-label'))
    expect(labels).toEqual([
      'Error of each method',
      'Error relative to no transfer',
      'Error by how far ahead the forecast looks',
      'Forecasts against what was measured',
      'Features of source and target, source-only',
    ])
  })

  it('leaves a line broken where nothing was measured', async () => {
    const svg = (await renderReport(sampleResult()))
      .split('Forecasts against what was measured')[1]!
      .split('</svg>')[0]!
    expect(svg).not.toContain('NaN')
    const paths = Array.from(svg.matchAll(/ d="(M[^"]*)"/g), ([, path]) => path!)
    // Ticks are one stroke each; the area, the truth and the forecast are two parts each.
    expect(paths.filter((path) => path.split('M').length === 3)).toHaveLength(3)
  })

  it('leaves out pictures that there is nothing to draw for', async () => {
    const bare: AdaptResult = { ...sampleResult(), sample: undefined, features: [], columns: [] }
    bare.settings.horizon = 1
    bare.rows = bare.rows.filter((row) => !row.ratio)
    expect(texts(parse(await renderReport(bare)), 'h2')).toEqual([
      'Results',
      'How large the errors are',
      'How it was done',
    ])
  })

  it('asks nothing of the network', async () => {
    const text = await renderReport(sampleResult())
    expect(text).toContain(`default-src 'none'`)
    expect(text.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|src=|href=|url\(|@import/)
  })

  it('escapes whatever comes from the user, in text, in attributes and in pictures', async () => {
    const attack = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
    const result = sampleResult()
    const { settings, sample, columns } = result
    Object.assign(settings, { source: [attack], target: attack, predict: attack, unit: attack, features: [attack] })
    Object.assign(settings, { targetLabels: attack, versions: { [attack]: attack }, date: attack })
    result.warnings = [attack]
    columns[0]!.column = attack
    sample!.forecasts[0]!.method = attack
    result.features[0]!.method = attack
    Object.assign(result.rows[3]!, { method: attack, note: attack })
    const page = parse(await renderReport(result))
    expect(texts(page, 'script, img, [onerror]')).toEqual([])
    expect(texts(page, 'h1')[0]).toContain(attack)
    expect(texts(page, '.warnings li')).toEqual([attack])
    expect(texts(page, 'svg text').some((text) => text.includes(attack))).toBe(true)
  })
})

describe('html', () => {
  it('escapes values and passes markup on', () => {
    const inner = html`<b>${1}</b>`
    expect(html`<p title="${`"<&'`}">${inner}${undefined}${['<', inner]}</p>`.text).toBe(
      '<p title="&quot;&lt;&amp;&#39;"><b>1</b>&lt;<b>1</b></p>',
    )
    expect(escapeHtml('a\u0000b\nc')).toBe('a\ufffdb\nc')
  })
})

describe('numbers', () => {
  it('have three significant digits, or every digit before the point', () => {
    expect([74.71, 1012.4, 0.0512, -6, 0, 1e-9, NaN, undefined].map((value) => number(value))).toEqual(
      ['74.7', '1012', '0.0512', '−6.00', '0', '1.00e-9', '–', '–'], // prettier-ignore
    )
    expect(deviation(0.0748, 62.02)).toBe('0.1')
    expect([duration(24, 3_600_000), duration(1, 86_400_000), duration(7, 86_400_000), duration(3, 600_000)]).toEqual(
      ['24 hours', '1 day', '7 days', '30 minutes'], // prettier-ignore
    )
  })
})

describe('files', () => {
  it('hold the report, and the result as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landbridge-report-'))
    await writeReport(join(folder, 'r.html'), sampleResult())
    await writeResult(join(folder, 'r.json'), sampleResult())
    expect(await readFile(join(folder, 'r.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<\/html>\s*$/)
    expect(JSON.parse(await readFile(join(folder, 'r.json'), 'utf8'))).toEqual(sampleResult())
    expect((await readdir(folder)).sort()).toEqual(['r.html', 'r.json'])
  })

  it('keep what stood there when a write fails, and leave nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'landbridge-report-'))
    await writeFile(join(folder, 'kept'), 'old')
    // A folder cannot be replaced by a file: the rename fails after the text was written.
    await expect(writeResult(folder, sampleResult())).rejects.toThrow()
    await expect(writeResult(join(folder, 'no', 'such'), sampleResult())).rejects.toThrow(/ENOENT/)
    expect(await readdir(folder)).toEqual(['kept'])
  })
})

it('a missing optional package is named with the command that mends it', async () => {
  const absent = Object.assign(new Error(`Cannot find package 'jsdom' imported from x`), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  const load = optionalImport('jsdom', 'the HTML report', () => Promise.reject(absent))
  await expect(load).rejects.toThrow(MissingPackageError)
  await expect(load).rejects.toThrow(/needs the package jsdom.*npm install jsdom/)
  const other = optionalImport('jsdom', 'the HTML report', () => Promise.reject(new Error('broken')))
  await expect(other).rejects.toThrow('broken')
})
