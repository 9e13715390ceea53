// Runs before `npm pack`: puts the binary of this platform, stripped, where the published package looks for it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { dirname, join } from 'node:path'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = join(root, 'build', 'Release', 'landbridge.node')
const packed = join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'landbridge.node')

if (!existsSync(built)) {
  console.error(`prebuild: expected ${built}, found nothing: run "npm run build:native" first`)
  process.exit(1)
}
mkdirSync(dirname(packed), { recursive: true })
copyFileSync(built, packed)
const options = process.platform === 'darwin' ? ['-x'] : ['--strip-unneeded']
const { status, error } = spawnSync('strip', [...options, packed], { stdio: 'inherit' })
if (status !== 0)
  console.error(`prebuild: could not strip the binary: ${error?.message ?? `strip ended with ${status}`}`)
process.exit(status ?? 1)
