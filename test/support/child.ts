/** Programs of their own: scripts run by a bare `node` on the sources, transpiled once per test file. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const addonPath = process.env.LANDBRIDGE_NATIVE ?? join(root, 'build/Release/landbridge.node')

/** A folder with src/ as JavaScript, types dropped unchecked; removed after the tests of the file. */
export function transpiledSources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-src-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const target = join(folder, name.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    const text = readFileSync(join(root, 'src', name), 'utf8')
    writeFileSync(target, ts.transpileModule(text, { compilerOptions }).outputText)
  }
  return folder
}

export interface Outcome {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  milliseconds: number
}

export interface RunOptions {
  env?: Record<string, string>
  args?: readonly string[]
  /** Kills the program after so many milliseconds; default 30,000. */
  timeout?: number
}

/** Runs `script`, which imports from './index.js' and the like, and waits for its end. */
export function runScript(folder: string, script: string, options: RunOptions = {}): Promise<Outcome> {
  const file = join(folder, `script-${Math.random().toString(36).slice(2)}.mjs`)
  writeFileSync(file, script)
  const started = performance.now()
  const child = spawn(process.execPath, [...(options.args ?? []), file], {
    env: { ...process.env, NODE_OPTIONS: '', LANDBRIDGE_NATIVE: addonPath, ...options.env },
    timeout: options.timeout ?? 30_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - started }),
    )
  })
}
