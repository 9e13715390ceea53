// npm run bench [-- options]: landbridge beside its peers, each result checked before it is timed. README.md explains.
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import * as landbridge from '../dist/index.js'
import { makeContestants } from './contestants/index.mjs'
import { describeMachine, Probe } from './machine.mjs'
import { announce, printChecked, printMeans, printRow } from './report/console.mjs'
import { toHtml } from './report/html.mjs'
import { toJson } from './report/json.mjs'
import { toMarkdown } from './report/markdown.mjs'
import { summarise } from './report/summary.mjs'
import { rows } from './rows/index.mjs'
import { runRow } from './suite.mjs'

const usage = `npm run bench -- [options]
  --filter TEXT     only rows whose name or family contains TEXT (several: separated by |)
  --peers A,B       only these peers: torch, onnxruntime, tfjs_node, tfjs_wasm, tfjs_cpu
  --threads N       for landbridge, PyTorch and ONNX Runtime; default: all cores
  --quick           short rounds, without tfjs cpu and the longest rows: a few minutes
  --check           compare all results and time nothing
  --json FILE       all numbers
  --html FILE       a page with pictures
  --markdown FILE   tables; a full run writes bench/RESULTS.md
  --list            names of the rows`

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string' },
    peers: { type: 'string' },
    threads: { type: 'string' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    json: { type: 'string' },
    html: { type: 'string' },
    markdown: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** `budget`: after so many seconds a contestant leaves out the rounds that are left. */
const FULL = { rounds: 4, seconds: 0.12, budget: 2 }
const QUICK = { rounds: 3, seconds: 0.06, budget: 0.7 }
const CHECK = { rounds: 0, seconds: 0, budget: 0 }

/** Without what would take tfjs half a minute or more. */
function quickened(row) {
  if (!row.heavy) return row
  const reason = 'left out: half a minute and more for one call'
  if (!options.quick) return { ...row, absent: { tfjs_cpu: reason, ...row.absent } }
  return { ...row, absent: { tfjs_wasm: reason, tfjs_node: reason, tfjs_cpu: reason, ...row.absent } }
}

function selected() {
  const wanted = options.filter?.toLowerCase().split('|')
  const passes = ({ name, family }) => wanted.some((text) => `${name} ${family}`.toLowerCase().includes(text))
  return rows.filter((row) => (wanted === undefined || passes(row)) && !(options.quick && row.long)).map(quickened)
}

function threadsOption() {
  const threads = Number(options.threads ?? availableParallelism())
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads
  throw new Error(`--threads: expected an integer from 1 to 256, received ${options.threads}`)
}

/** Everything the suite found out, for the reports. */
async function measure() {
  const threads = threadsOption()
  landbridge.setThreads(threads)
  const quickPeers = options.quick ? ['torch', 'onnxruntime', 'tfjs_node', 'tfjs_wasm'] : undefined
  const peers = options.peers?.split(',') ?? quickPeers
  const contestants = await makeContestants({ threads, peers, landbridge })
  const machine = { ...describeMachine(landbridge, threads), ...(options.quick ? { quick: true } : {}) }
  announce(machine, contestants)
  const settings = options.check ? CHECK : options.quick ? QUICK : FULL
  const probe = new Probe(landbridge, threads)
  const described = contestants.map(({ id, label, version, absent, warning, config }) => ({ id, label, version, absent, warning, config })) // prettier-ignore
  const report = { machine, contestants: described, rows: [] }
  try {
    for (const row of selected()) {
      report.rows.push(summarise(await runRow(row, contestants, probe, settings)))
      const print = options.check ? printChecked : printRow
      print(report.rows.at(-1))
      writeFiles(report) // again and again: a run that is cut off leaves what it found
      globalThis.gc?.()
    }
  } finally {
    for (const each of contestants) each.end?.()
  }
  return report
}

function writeFiles(report) {
  if (options.json) writeFileSync(options.json, toJson(report))
  if (options.markdown) writeFileSync(options.markdown, toMarkdown(report))
}

function write(report) {
  const complete = options.filter === undefined && options.peers === undefined && !options.quick && !options.check
  writeFiles(report)
  if (options.html) writeFileSync(options.html, toHtml(report))
  if (complete && !options.markdown) writeFileSync(new URL('RESULTS.md', import.meta.url), toMarkdown(report))
  const ids = report.contestants
    .filter(({ id, absent }) => absent === undefined && id !== 'landbridge')
    .map(({ id }) => id)
  if (!options.check) printMeans(report.rows, ids)
}

if (options.help) console.log(usage)
else if (options.list) for (const { name, family } of rows) console.log(`${family}: ${name}`)
else {
  const started = performance.now()
  const report = await measure()
  write(report)
  const failures = report.rows.filter(({ failed }) => failed.length > 0)
  for (const { name, failed, absent } of failures)
    for (const id of failed) console.error(`FAILED: ${name}: ${id}: ${absent[id]}`)
  console.log(`${report.rows.length} rows in ${((performance.now() - started) / 60000).toFixed(1)} minutes`)
  process.exit(failures.some(({ failed }) => failed.includes('landbridge')) ? 1 : 0)
}
