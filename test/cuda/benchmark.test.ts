/** The device benchmark and its report, rehearsed: tiny rows on the emulated device, beside PyTorch where it is there. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { CUDA, emulated } from '../support/cuda.js'

interface Entry {
  id: string
  ms?: number
  error?: number
  fraction?: number
  absent?: string
}
interface Report {
  torch: { version?: string; absent?: string }
  rows: { name: string; limits: Record<string, number>; entries: Entry[] }[]
}

const folder = mkdtempSync(join(tmpdir(), 'landbridge-'))
afterAll(() => rmSync(folder, { recursive: true }))

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = existsSync(join(root, 'dist/engine/devices.js'))
if (!built) console.warn('the device benchmark is skipped: it runs on dist, which npm run build:ts makes')

function rehearse(filter: string): { report: Report; markdown: string; status: number | null; output: string } {
  const [json, markdown] = ['report.json', 'report.md'].map((name) => join(folder, name)) as [string, string]
  const files = ['--json', json, '--markdown', markdown]
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bench/device.mjs'), '--device', CUDA, '--rehearse', '--filter', filter, ...files],
    { encoding: 'utf8' },
  )
  const report = existsSync(json) ? (JSON.parse(readFileSync(json, 'utf8')) as Report) : { torch: {}, rows: [] }
  return { report, status, markdown: readFileSync(markdown, 'utf8'), output: stdout + stderr }
}

test.runIf(emulated && built)('every contestant is checked, timed and set beside the limits of the device', () => {
  const { report, markdown, status, output } = rehearse('softmax|matmul|coral')
  const own = report.rows.map(({ entries }) => entries.filter(({ id }) => id.startsWith('landbridge')))
  expect(
    own.map((entries) => entries.map(({ id }) => id)),
    output,
  ).toEqual([
    ['landbridge-float32', 'landbridge-tf32', 'landbridge-bfloat16'],
    ['landbridge-float32', 'landbridge-tf32', 'landbridge-bfloat16'],
    ['landbridge-float32'],
    ['landbridge-float32'],
  ])
  for (const entry of own.flat()) {
    expect(entry.absent, entry.id).toBeUndefined()
    expect(entry.error, entry.id).toBeLessThanOrEqual(1)
    expect(entry.ms, entry.id).toBeGreaterThan(0)
    expect(entry.fraction, entry.id).toBeGreaterThan(0)
  }
  for (const { limits } of report.rows) {
    for (const kind of ['copy', 'float32', 'tf32', 'bfloat16']) expect(limits[kind], kind).toBeGreaterThan(0)
  }
  expect(status, output).toBe(0)
  expect(markdown).toContain('| softmax 8x1000 |')

  if (report.torch.absent !== undefined)
    return console.warn(`the PyTorch side was not rehearsed: ${report.torch.absent}`)
  const peers = report.rows.map(({ entries }) => entries.filter(({ id }) => id.startsWith('torch')))
  expect(peers.map((entries) => entries.length)).toEqual([3, 3, 1, 1])
  for (const { id, absent, ms } of peers.flat()) expect(ms, `${id}: ${absent}`).toBeGreaterThan(0)
  expect(markdown).toContain('| batched matmul, own kernels, tf32 |')
})

test.runIf(built)('a device that is not there is one sentence', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bench/device.mjs'), '--device', 'cuda'], {
    encoding: 'utf8',
    env: { ...process.env, CUDA_VISIBLE_DEVICES: '' },
  })
  expect(status).toBe(2)
  expect(stderr).toMatch(/^bench\/device\.mjs: .*cuda.*\n$/)
})
