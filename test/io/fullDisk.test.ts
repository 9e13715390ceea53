/** A disk that is really full: a file system of 64 KiB, where the machine lets us mount one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { io, nn, ones, optim } from 'landbridge'
import { writeAtomically } from '../../src/io/atomic.js'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-full-'))

function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('no right to mount a small file system: the full disk is not tested')
    return false
  }
}

const small = mounted()

afterAll(() => {
  if (small) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true, force: true })
})

const model = new nn.Linear(200, 200)
const writers: [string, (path: string) => Promise<void>][] = [
  ['saveSafetensors', (path) => io.saveSafetensors(path, { large: ones([200, 200]) })],
  [
    'saveCheckpoint',
    (path) => io.saveCheckpoint(path, { model, optimizer: new optim.Adam(model.parameters()), step: 1 }),
  ],
  ['a report', (path) => writeAtomically(path, async (file) => file.writeFile('x'.repeat(1 << 20)))],
]

describe.skipIf(!small)('a full disk', () => {
  test.each(writers)('%s leaves what stood there and nothing half-way', async (_, write) => {
    const path = join(folder, 'kept')
    writeFileSync(path, 'what stood there')
    await expect(write(path)).rejects.toThrow(`${path}: the file cannot be written (ENOSPC: no space left on device`)
    expect(readFileSync(path, 'utf8')).toBe('what stood there')
    expect(readdirSync(folder)).toEqual(['kept'])
  })
})
