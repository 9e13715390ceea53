// Where and what is measured.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/** From git, or as scripts/gpu-pack noted it where the repository travelled without its history. */
function commit() {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: here('..'),
    encoding: 'utf8',
  })
  if (status === 0) return stdout.trim()
  const noted = here('../../build/gpu/commit')
  return existsSync(noted) ? readFileSync(noted, 'utf8').trim() : 'unknown'
}

export const describeMachine = () => ({
  version: JSON.parse(readFileSync(here('../../package.json'), 'utf8')).version,
  commit: commit(),
  node: process.version,
  date: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
})
