// Runs at `npm install`: exits at once when a binary for this platform is there and loads; in a clone, builds it with
// CMake. `--build` builds always.
'use strict'
const { existsSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { join } = require('node:path')
const { spawnSync } = require('node:child_process')

const root = join(__dirname, '..')
const candidates = [
  join(root, 'build', 'Release', 'landbridge.node'),
  join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'landbridge.node'),
]

function loads(path) {
  if (!existsSync(path)) return false
  return spawnSync(process.execPath, ['-e', `require(${JSON.stringify(path)})`]).status === 0
}

const wanted = process.argv.includes('--build') || process.env.npm_config_build_from_source === 'true'
if (!wanted && candidates.some(loads)) process.exit(0)

if (!existsSync(join(root, 'native', 'CMakeLists.txt'))) {
  console.error(
    `landbridge: this package carries no binary for ${process.platform}-${process.arch}; ` +
      'clone the repository and run "npm ci" there (it needs a C++20 compiler and CMake)',
  )
  process.exit(0) // the loader says the same when the package is used; other packages still install
}

const cli = require.resolve('cmake-js/bin/cmake-js')
// Ninja uses all cores by itself, make only when told.
const cores = String(availableParallelism())
const options = ['build', '-d', join(root, 'native'), '-O', join(root, 'build'), '--parallel', cores]
const result = spawnSync(process.execPath, [cli, ...options], { cwd: root, stdio: 'inherit' })
process.exit(result.status ?? 1)
