// Runs every example, examples/*.ts and examples/*/index.ts, after the build.sh beside it if there is one; ends with the
// first that fails. Names as arguments run only those; `--device D` is passed on to them. `npm run typecheck` checks their types.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values, positionals: names } = parseArgs({ options: { device: { type: 'string' } }, allowPositionals: true })
const where = values.device === undefined ? [] : ['--device', values.device]
const root = fileURLToPath(new URL('..', import.meta.url))
const examples = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .flatMap((entry) => {
    if (entry.isFile() && entry.name.endsWith('.ts')) return [join('examples', entry.name)]
    const index = join('examples', entry.name, 'index.ts')
    return entry.isDirectory() && existsSync(join(root, index)) ? [index] : []
  })
  .filter((path) => names.length === 0 || names.some((name) => path.includes(name)))
  .sort()

function run(title, command, args) {
  const started = performance.now()
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) return console.log(`-- ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  console.error(`run-examples: ${title} failed: ${error?.message ?? `exit ${status ?? signal}`}`)
  process.exit(1)
}

if (examples.length === 0) {
  console.error(`run-examples: expected an example named ${names.join(' or ')}, found none`)
  process.exit(1)
}
for (const example of examples) {
  console.log(`== ${example}`)
  const build = join(root, dirname(example), 'build.sh')
  if (dirname(example) !== 'examples' && existsSync(build)) run('build.sh', 'sh', [build])
  run(example, process.execPath, ['--import', 'tsx', example, ...where])
}
