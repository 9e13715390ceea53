import { cpus } from 'node:os'
import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { doctor } from '../../src/cli/doctor.js'
import { addonPath, runScript, transpiledSources } from '../support/child.js'

interface Manifest {
  version: string
  peerDependencies: Record<string, string>
}
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest

let text: string
beforeAll(() => {
  text = doctor()
})
const line = (name: string) => text.split('\n').find((each) => each.trim().startsWith(`${name} `)) ?? ''

test('names versions, the addon that was loaded and the processor', () => {
  expect(line('landbridge')).toContain(manifest.version)
  expect(line('kernel ABI')).toMatch(/\d+\.\d+$/)
  expect(line('Node.js')).toContain(`${process.version} on ${process.platform}-${process.arch}`)
  expect(line('native addon')).toContain(addonPath)
  expect(line('model')).toContain(`${cpus().length} logical cores`)
  expect(line('kernels')).toMatch(/baseline|avx2|avx512/)
})

test('says which devices there are, and why others are not', () => {
  expect(line('cpu')).toMatch(/(baseline|avx2|avx512) kernels on \d+ threads$/)
  expect(line('cuda')).toMatch(/cuda +\S+/)
})

test('says which optional packages are installed, by version', () => {
  for (const name of Object.keys(manifest.peerDependencies)) expect(line(name)).toMatch(/ \d+\.\d+\.\d+\S*$/)
})

test('says how to install those that are not, and what the environment changes', async () => {
  const folder = transpiledSources() // far from any node_modules; package.json is two levels above cli/
  const script = `
    import { cpSync, mkdirSync } from 'node:fs'
    mkdirSync('${folder}/package/dist', { recursive: true })
    for (const name of ['cli', 'data', 'engine']) cpSync('${folder}/' + name, '${folder}/package/dist/' + name, { recursive: true })
    cpSync(${JSON.stringify(new URL('../../package.json', import.meta.url).pathname)}, '${folder}/package/package.json')
    console.log((await import('./package/dist/cli/doctor.js')).doctor())`
  const { stdout, stderr } = await runScript(folder, script, {
    env: { LANDBRIDGE_ISA: 'baseline', LANDBRIDGE_THREADS: '3', LANDBRIDGE_MEMORY_LIMIT: '1073741824' },
  })
  expect(stderr).toBe('')
  expect(stdout).toContain('baseline (LANDBRIDGE_ISA=baseline)')
  expect(stdout).toContain('3 (LANDBRIDGE_THREADS=3)')
  expect(stdout).toContain('at most 1.0 GiB (LANDBRIDGE_MEMORY_LIMIT=1073741824)')
  for (const name of Object.keys(manifest.peerDependencies)) {
    expect(stdout).toMatch(new RegExp(`${name} +not installed: npm install ${name}`))
  }
})
