/** The command line as a program of its own: its sources transpiled into a package folder, run by a bare `node`. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addonPath, transpiledSources, type Outcome } from './child.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Cli {
  /** Runs `landbridge …args` in `cwd` to its end. */
  (args: readonly string[], options?: { cwd?: string }): Promise<Outcome>
  /** Starts it with pipes. */
  start(args: readonly string[], options?: { cwd?: string }): ChildProcess
  /** How a shell would write it. */
  readonly command: string
}

const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', LANDBRIDGE_NATIVE: addonPath }

export function installedCli(): Cli {
  const sources = transpiledSources()
  const home = join(sources, 'package')
  mkdirSync(home)
  for (const part of ['cli', 'data', 'engine', 'io', 'nn', 'ops', 'optim', 'report', 'transfer']) {
    cpSync(join(sources, part), join(home, 'dist', part), { recursive: true })
  }
  cpSync(join(root, 'package.json'), join(home, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  const program = join(home, 'dist/cli/main.js')
  const start: Cli['start'] = (args, { cwd = sources } = {}) =>
    spawn(process.execPath, [program, ...args], { cwd, env })
  const run = (args: readonly string[], options?: { cwd?: string }) => outcomeOf(start(args, options))
  return Object.assign(run, { start, command: `LANDBRIDGE_NATIVE='${addonPath}' '${process.execPath}' '${program}'` })
}

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const began = performance.now()
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, milliseconds: performance.now() - began })
    })
  })
}
