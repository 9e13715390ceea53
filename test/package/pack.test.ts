/** The tarball, as a user meets it: an empty project, no compiler, no network. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const platform = `${process.platform}-${process.arch}`
const folder = mkdtempSync(join(tmpdir(), 'landbridge-pack-'))
afterAll(() => rmSync(folder, { recursive: true }))

const npm = realpathSync(
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((each) => join(each, 'npm'))
    .find(existsSync) ?? 'npm',
)

/** The environment of a user: nothing of ours, and a PATH with node and a shell alone. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin')
  if (!existsSync(bin)) {
    mkdirSync(bin)
    symlinkSync(process.execPath, join(bin, 'node'))
    symlinkSync('/bin/sh', join(bin, 'sh')) // npm runs install scripts through it
  }
  return { PATH: bin, HOME: folder, npm_config_update_notifier: 'false' }
}

/** Packs a copy of the repository, so that dist/ and prebuilds/ of this one stay as they are. */
function pack(): string {
  const copy = join(folder, 'repository')
  mkdirSync(copy)
  const parts = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'LICENSE', 'README.md', 'README.zh-CN.md']
  for (const name of [
    ...parts,
    'CHANGELOG.md',
    'binding.gyp',
    'native',
    'scripts',
    'src',
    'build/Release/landbridge.node',
  ]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'))
  const output = execFileSync(process.execPath, [npm, 'pack', '--silent'], { cwd: copy, encoding: 'utf8' })
  return join(copy, output.trim().split('\n').at(-1) as string)
}

interface Project {
  path: string
  run: (file: string, content: string) => { status: number | null; stdout: string; stderr: string }
}

function install(name: string, tarball: string, ...flags: string[]): Project {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), '{"name":"empty","private":true}')
  const env = bareEnvironment()
  const options = ['install', '--offline', '--no-audit', '--no-fund', '--silent', ...flags, tarball]
  execFileSync(process.execPath, [npm, ...options], { cwd: path, env, stdio: 'pipe' })
  const run = (file: string, content: string) => {
    writeFileSync(join(path, file), content)
    return spawnSync(process.execPath, [file], { cwd: path, env, encoding: 'utf8' })
  }
  return { path, run }
}

let tarball: string
let project: Project
beforeAll(() => {
  tarball = pack()
  project = install('project', tarball)
}, 120_000)

const program = `ops.matmul(tensor([[1, 2]]), tensor([[3], [4]])).dataSync()[0]`

test('the tarball carries the binary, the header and the program, and no binding.gyp', () => {
  const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n')
  const wanted = ['dist/index.js', 'dist/index.d.ts', 'native/include/landbridge/kernel.h', 'scripts/install.cjs']
  for (const name of [...wanted, `prebuilds/${platform}/landbridge.node`]) expect(files).toContain(`package/${name}`)
  const binding = /binding\.gyp|CMakeLists|\.cc$|^package\/(test|src|build)\//
  expect(files.filter((name) => binding.test(name))).toEqual([])
})

describe('installed without a compiler', () => {
  test('works from an ES module', () => {
    const outcome = project.run('esm.mjs', `import { ops, tensor } from 'landbridge'; console.log(${program})`)
    expect(outcome).toMatchObject({ status: 0, stdout: '11\n', stderr: '' })
  })

  test('works from CommonJS', () => {
    const outcome = project.run('cjs.cjs', `const { ops, tensor } = require('landbridge'); console.log(${program})`)
    expect(outcome).toMatchObject({ status: 0, stdout: '11\n' })
  })

  test('works where install scripts are blocked', () => {
    const other = install('without-scripts', tarball, '--ignore-scripts')
    const outcome = other.run('esm.mjs', `import { ops, tensor } from 'landbridge'; console.log(${program})`)
    expect(outcome).toMatchObject({ status: 0, stdout: '11\n' })
  })

  test('the testing entry and the package description can be imported', () => {
    const outcome = project.run(
      'entries.mjs',
      `import { gradientCheck } from 'landbridge/testing'
       import { createRequire } from 'node:module'
       console.log(typeof gradientCheck, createRequire(import.meta.url)('landbridge/package.json').name)`,
    )
    expect(outcome).toMatchObject({ status: 0, stdout: 'function landbridge\n' })
  })

  test('types resolve, and are checked', () => {
    const check = (name: string, source: string) => {
      writeFileSync(join(project.path, name), source)
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck']
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
      return spawnSync(process.execPath, [tsc, ...options, ...types, name], { cwd: project.path, encoding: 'utf8' })
    }
    const fine = `import { ops, tensor, type Tensor } from 'landbridge'
      const x: Tensor<'float32'> = tensor([1, 2])
      export const y: Tensor = ops.add(x, 1).mul(2)
      export const values: Promise<Float32Array> = x.data()`
    expect(check('fine.mts', fine)).toMatchObject({ status: 0, stdout: '' })
    expect(check('fine.cts', fine)).toMatchObject({ status: 0, stdout: '' })
    const wrong = check('wrong.mts', `import { tensor } from 'landbridge'; tensor([1]).add('2')`)
    expect(wrong.stdout).toMatch(/wrong\.mts.*error TS\d+/)
  }, 60_000)
})

test('a binary that is missing says what was looked for, where, and what mends it', () => {
  const other = install('damaged', tarball)
  const binary = join(other.path, 'node_modules/landbridge/prebuilds', platform, 'landbridge.node')
  renameSync(binary, `${binary}.gone`)
  const { status, stderr } = other.run('esm.mjs', `import 'landbridge'`)
  expect(status).toBe(1)
  expect(stderr).toContain(`landbridge could not load its native addon for ${platform}, Node ${process.version}`)
  expect(stderr).toContain(
    `${realpathSync(other.path)}/node_modules/landbridge/build/Release/landbridge.node (built in a clone): not there`,
  )
  expect(stderr).toContain(`landbridge.node (packed for ${platform}): not there`)
  expect(stderr).toContain('run "npm uninstall landbridge && npm install landbridge"')
})
