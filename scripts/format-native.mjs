// clang-format over all native sources; with --check, fails where a file would change.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const sources = ['native', 'test/support', 'test/cuda', 'examples', 'bench/device'].flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /\.(cc|cu|h|cuh)$/.test(name) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`),
)
const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
const { status, error } = spawnSync('clang-format', [...mode, ...sources], { stdio: 'inherit' })
if (error) console.error('clang-format is not installed: run "apt-get install clang-format"')
process.exit(status ?? 1)
