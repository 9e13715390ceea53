// What each CUDA kernel takes of a multiprocessor, as ptxas tells: registers, shared memory, stack, spills. Writes
// docs/cuda-resources.md, and fails where a kernel spills (as every build of the CUDA library does).
//   node scripts/cuda-resources.mjs [--arch=sm_80,sm_90]
import { execFile, execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { promisify } from 'node:util'

const given = process.argv.find((argument) => argument.startsWith('--arch='))
const architectures = given ? given.slice('--arch='.length).split(',') : ['sm_80', 'sm_90']
const folders = ['native/kernels', 'native/cuda']

function hasNvcc() {
  try {
    execFileSync('nvcc', ['--version'])
    return true
  } catch {
    return false
  }
}

/** What ptxas says while `file` is compiled for one architecture. */
async function assemble(file, architecture) {
  const includes = ['-Inative/include', '-Inative/core']
  const flags = ['-std=c++20', '-cubin', `-arch=${architecture}`, '--extended-lambda', '-Werror=all-warnings']
  const args = [...flags, '-Xptxas', '-v', ...includes, file, '-o', '/dev/null']
  const { stdout, stderr } = await promisify(execFile)('nvcc', args, { maxBuffer: 1 << 28 })
  return stdout + stderr
}

const demangled = (text) => execFileSync('c++filt', { input: text, maxBuffer: 1 << 28 }).toString()

/** The kernel's name without namespaces, template arguments and parameters. */
function shortName(signature) {
  let depth = 0
  let name = ''
  for (const char of signature.replaceAll('(anonymous namespace)::', '')) {
    if (char === '<') depth++
    if (char === '(' && depth === 0) break
    if (depth === 0) name += char
    if (char === '>') depth--
  }
  return name.replace(/^void /, '').replace(/^.*::/, '')
}

const numberIn = (text, pattern) => Number(text.match(pattern)?.[1] ?? 0)

/** One record per compiled kernel: the words between its line "Compiling entry function" and the next. */
function readKernels(text) {
  return text
    .split("Compiling entry function '")
    .slice(1)
    .map((words) => ({
      kernel: shortName(words.slice(0, words.indexOf("' for '"))),
      registers: numberIn(words, /Used (\d+) registers/),
      shared: numberIn(words, /(\d+) bytes smem/),
      stack: numberIn(words, /(\d+) bytes stack frame/),
      spills: numberIn(words, /(\d+) bytes spill stores/) + numberIn(words, /(\d+) bytes spill loads/),
    }))
}

/** The instances of each kernel as one row. */
function grouped(file, architecture, kernels) {
  return [...new Set(kernels.map(({ kernel }) => kernel))].map((kernel) => {
    const instances = kernels.filter((each) => each.kernel === kernel)
    const most = (key) => Math.max(...instances.map((each) => each[key]))
    const [registers, shared, stack, spills] = ['registers', 'shared', 'stack', 'spills'].map(most)
    return { file, kernel, architecture, instances: instances.length, registers, shared, stack, spills }
  })
}

/** All files on all architectures, two compilers at a time. */
async function measure() {
  const files = folders
    .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.cu'))
  const tasks = files.flatMap((file) => architectures.map((architecture) => [file, architecture]))
  const rows = []
  const worker = async () => {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      const [file, architecture] = task
      rows.push(...grouped(file, architecture, readKernels(demangled(await assemble(file, architecture)))))
    }
  }
  await Promise.all([worker(), worker()])
  const keyOf = ({ file, kernel, architecture }) => `${file} ${kernel} ${architecture}`
  return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

const header = `# What the CUDA kernels take of a multiprocessor

Written by \`node scripts/cuda-resources.mjs\` from what ptxas tells. A kernel with several instances (element types,
layouts, tile sizes) has one row with the most that any of them takes: registers per thread; static shared memory, stack
and spilled bytes, the last two per thread. Dynamic shared memory is not included.

| file | kernel | architecture | instances | registers | shared bytes | stack bytes | spilled bytes |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |
`

function write(rows) {
  const line = (row) =>
    `| ${[basename(row.file).replace(/(\.cuda)?\.cu$/, ''), row.kernel, row.architecture].join(' | ')} | ` +
    `${[row.instances, row.registers, row.shared, row.stack, row.spills].join(' | ')} |\n`
  writeFileSync('docs/cuda-resources.md', header + rows.map(line).join(''))
}

function report(rows) {
  const spilling = rows.filter(({ spills }) => spills > 0)
  for (const { file, kernel, architecture, spills } of spilling) {
    console.error(`${file}: expected ${kernel} to spill nothing on ${architecture}, received ${spills} bytes`)
  }
  if (spilling.length > 0) process.exitCode = 1
  else console.log(`${rows.length} CUDA kernels on ${architectures.join(', ')}: none spills`)
}

if (hasNvcc()) {
  const rows = await measure()
  write(rows)
  report(rows)
} else {
  console.log('cuda-resources: skipped, nvcc is not installed')
}
