// Collects what the stages of scripts/gpu-check left behind to gpu-check.json and gpu-check.md.
//   node scripts/gpu/report.mjs STATE OUT DEVICE
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

const [state, out, device] = process.argv.slice(2)
const stages = ['unpack', 'build', 'doctor', 'ops', 'tests', 'examples', 'memcheck', 'racecheck', 'benchmark', 'cpu']
const TAIL = 30

const text = (name) => (existsSync(join(state, name)) ? readFileSync(join(state, name), 'utf8') : undefined)

function json(name) {
  try {
    return JSON.parse(text(name) ?? 'null') ?? undefined
  } catch {
    return undefined // cut off by the stage's time limit
  }
}

function output(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function machine() {
  const query = 'name,driver_version,memory.total,compute_cap'
  const python = process.env.LANDBRIDGE_BENCH_PYTHON ?? 'python3'
  return {
    gpu:
      device === 'cuda' ? output('nvidia-smi', `--query-gpu=${query}`, '--format=csv,noheader') : 'none: a rehearsal',
    nvcc: output('nvcc', '--version')?.split('\n').at(-1),
    pytorch: output(python, '-c', 'import torch; print(torch.__version__)'),
    cpu: `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    commit: output('git', 'describe', '--always', '--dirty') ?? text('commit')?.trim(),
    date: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  }
}

/** What vitest's report says: how many tests, and which failed with what. */
function tests(name) {
  const report = json(name)
  if (report === undefined) return undefined
  const failures = report.testResults.flatMap(({ name: file, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0 && message) return [{ test: file, message: message.split('\n')[0] }]
    return failed.map((each) => ({ test: each.fullName, message: each.failureMessages[0]?.split('\n')[0] }))
  })
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report
  return { passed, failed, skipped, failures }
}

const reports = { ops: () => ({ tests: tests('ops.json') }), tests: () => ({ tests: tests('tests.json') }) }

function stageOf(name) {
  const record = text(`stages/${name}.stage`)
  if (record === undefined) return { name, result: 'not run' }
  const [status, seconds, limit, date, where] = record.trim().split('\n')
  const result = status === '0' ? 'passed' : status === '124' || status === '137' ? 'out of time' : 'failed'
  const note = text(`stages/${name}.note`)?.trim()
  const log = text(`logs/${name}.log`) ?? ''
  const tail = result === 'passed' ? undefined : log.trimEnd().split('\n').slice(-TAIL).join('\n')
  return { name, result, seconds: Number(seconds), limit: Number(limit), date, device: where, note, ...reports[name]?.(), tail } // prettier-ignore
}

function remarks({ note, tests: found }) {
  const counted = found && `${found.passed} tests passed, ${found.failed} failed, ${found.skipped} skipped`
  return [counted, note?.replaceAll('\n', ' ')].filter(Boolean).join('; ')
}

function details({ name, tail, tests: found }) {
  if (tail === undefined) return ''
  const failures = (found?.failures ?? []).slice(0, 40).map(({ test, message }) => `- ${test}: ${message}`)
  return `### ${name}

${failures.length > 0 ? `${failures.join('\n')}\n\n` : ''}\`\`\`\n${tail}\n\`\`\`
`
}

/** A report of its own becomes a chapter: its headings go one level down. */
const chapter = (name) => text(name)?.replaceAll(/^#/gm, '##') ?? ''

function markdown(report) {
  const rows = report.stages.map((each) => `| ${each.name} | ${each.result} | ${each.seconds ?? '–'} | ${each.limit ?? '–'} | ${each.device ?? ''} | ${remarks(each)} |`) // prettier-ignore
  const facts = Object.entries(report.machine).map(([name, value]) => `- ${name}: ${value ?? 'not found'}`)
  const failures = report.stages.map(details).filter(Boolean)
  return `# gpu-check

${facts.join('\n')}

| stage | result | seconds | limit | device | |
| :-- | :-- | --: | --: | :-- | :-- |
${rows.join('\n')}

${failures.length > 0 ? `## Failures\n\n${failures.join('\n')}\n` : ''}
${chapter('device.md')}
${chapter('cpu.md')}`
}

const report = {
  machine: machine(),
  stages: stages.map(stageOf),
  benchmark: json('device.json'),
  cpu: json('cpu.json'),
}
writeFileSync(join(out, 'gpu-check.json'), JSON.stringify(report, null, 1))
writeFileSync(join(out, 'gpu-check.md'), markdown(report))
console.log(`${join(out, 'gpu-check.md')}: ${report.stages.map(({ name, result }) => `${name} ${result}`).join(', ')}`)
