// Runs before `npm pack`: puts the binaries of this platform, stripped, where the published package looks for them. The
// CUDA library goes along where it was built.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = (name) => join(root, 'build', 'Release', name)
const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`)

function add(name) {
  const packed = join(folder, name)
  copyFileSync(built(name), packed)
  const options = process.platform === 'darwin' ? ['-x'] : ['--strip-unneeded']
  const { status, error } = spawnSync('strip', [...options, packed], { stdio: 'inherit' })
  if (status === 0) return
  console.error(`prebuild: could not strip ${name}: ${error?.message ?? `strip ended with ${status}`}`)
  process.exit(status ?? 1)
}

if (!existsSync(built('landbridge.node'))) {
  console.error(`prebuild: expected ${built('landbridge.node')}, found nothing: run "npm run build:native" first`)
  process.exit(1)
}
mkdirSync(folder, { recursive: true })
add('landbridge.node')
if (existsSync(built('landbridge-cuda.so'))) add('landbridge-cuda.so')
