import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { devices } from '../engine/devices.js'
import { memory } from '../engine/lifecycle.js'
import { native, nativePath } from '../engine/native.js'
import { parse } from './arguments.js'

interface Manifest {
  version: string
  peerDependencies?: Record<string, string>
}

const readManifest = (path: string | URL) => JSON.parse(readFileSync(path, 'utf8')) as Manifest
const require = createRequire(import.meta.url)

/** The version of a package that landbridge would find, or undefined. */
function installed(name: string): string | undefined {
  const path = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name, 'package.json')).find(existsSync)
  return path && readManifest(path).version
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return [title, ...rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`.trimEnd())].join('\n')
}

function capped(variable: string): string {
  const value = process.env[variable]
  return value ? ` (${variable}=${value})` : ''
}

/**
 * What this machine offers landbridge, as text for a terminal or a bug report: versions, processor, devices (and why
 * others are not there), and which optional packages are installed or how to install them.
 */
export function doctor(): string {
  const { version, peerDependencies = {} } = readManifest(new URL('../../package.json', import.meta.url))
  const { isa, cpuFeatures, threads, abi } = native.info()
  const [processor] = cpus()
  return [
    section('Versions', [
      ['landbridge', version],
      ['kernel ABI', abi],
      ['Node.js', `${process.version} on ${process.platform}-${process.arch}`],
      ['native addon', nativePath],
    ]),
    section('Processor', [
      ['model', `${processor?.model.trim() ?? 'unknown'}, ${cpus().length} logical cores`],
      ['features', cpuFeatures || 'none beyond the baseline'],
      ['kernels', `${isa}${capped('LANDBRIDGE_ISA')}`],
      ['threads', `${threads}${capped('LANDBRIDGE_THREADS')}`],
      ['memory', `at most ${(memory().limitBytes / 2 ** 30).toFixed(1)} GiB${capped('LANDBRIDGE_MEMORY_LIMIT')}`],
    ]),
    section(
      'Devices',
      devices().map(({ device, available, description }) => [
        device,
        available ? description : `not available: ${description}`,
      ]),
    ),
    section(
      'Optional packages',
      Object.keys(peerDependencies).map((name) => [name, installed(name) ?? `not installed: npm install ${name}`]),
    ),
  ].join('\n\n')
}

const doctorHelp = `landbridge doctor: what this machine has: versions, processor, devices, optional packages

  landbridge doctor
`

export async function doctorCommand(args: string[]): Promise<void> {
  const { values } = parse(args, { help: { type: 'boolean', short: 'h' } })
  process.stdout.write(values.help ? doctorHelp : `${doctor()}\n`)
}
