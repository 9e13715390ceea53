// node bench/device.mjs: the hot rows on a GPU, beside PyTorch on the same card. README.md explains.
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Absent, reasonOf } from './absent.mjs'
import { describeMachine } from './device/machine.mjs'
import { landbridgeContestants } from './device/landbridge.mjs'
import { toMarkdown } from './device/markdown.mjs'
import { printHead, printRow } from './device/console.mjs'
import { pytorchContestants } from './device/pytorch.mjs'
import { runRow } from './device/race.mjs'
import { deviceRows, tinyRows } from './device/rows.mjs'

const usage = `node bench/device.mjs [options]
  --device D        cuda (default), or cuda-emulated or cpu for a rehearsal
  --rehearse        tiny sizes: the whole course, times that mean nothing
  --filter TEXT     only rows whose name or family contains TEXT (several: separated by |)
  --precisions A,B  of float32, tf32, bfloat16; default: all
  --peers none      without PyTorch
  --quick           shorter rounds
  --check           compare all results and time nothing
  --seconds N       begin no further row after so many
  --json FILE       all numbers         --markdown FILE   tables; both are written anew after every row
  --list            names of the rows`

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    rehearse: { type: 'boolean', default: false },
    filter: { type: 'string' },
    precisions: { type: 'string' },
    peers: { type: 'string', default: 'torch' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '3600' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const FULL = { rounds: 4, groupMs: 20, samples: 5 }
const QUICK = { rounds: 3, groupMs: 8, samples: 3 }
const CHECK = { rounds: 0, groupMs: 0, samples: 1 }
const REHEARSAL = { rounds: 1, groupMs: 0, samples: 1 }
const ALL = ['float32', 'tf32', 'bfloat16']
/** A process that gives no answer for so long hangs. */
const PATIENCE = 180

function chosen(name, text, known) {
  const wanted = text.split(',')
  const strange = wanted.find((each) => !known.includes(each))
  if (strange === undefined) return wanted
  throw new Error(`--${name}: expected some of ${known.join(', ')}, received ${strange}`)
}

function selected() {
  const wanted = options.filter?.toLowerCase().split('|')
  const passes = ({ name, family }) => wanted.some((text) => `${name} ${family}`.toLowerCase().includes(text))
  return (options.rehearse ? tinyRows : deviceRows).filter((row) => wanted === undefined || passes(row))
}

const settings = () => (options.check ? CHECK : options.rehearse ? REHEARSAL : options.quick ? QUICK : FULL)

/** PyTorch, or why it is not there. */
function peer(precisions) {
  const nobody = { contestants: [], next: () => undefined, end: () => undefined }
  if (options.peers === 'none') return { ...nobody, absent: 'not asked for' }
  try {
    const device = options.device === 'cuda' ? 'cuda' : 'cpu'
    return pytorchContestants({ device, precisions, threads: options.rehearse ? 1 : availableParallelism() })
  } catch (error) {
    return { ...nobody, absent: reasonOf(error) }
  }
}

function write(report) {
  if (options.json) writeFileSync(options.json, JSON.stringify(report, null, 1))
  if (options.markdown) writeFileSync(options.markdown, toMarkdown(report))
}

async function measure() {
  const [device, precisions] = [...chosen('device', options.device, ['cuda', 'cuda-emulated', 'cpu']), chosen('precisions', options.precisions ?? ALL.join(), ALL)] // prettier-ignore
  const own = await landbridgeContestants({ device, precisions, tiny: options.rehearse, seconds: PATIENCE })
  const torch = peer(precisions)
  const { version, measures } = own
  const report = {
    machine: describeMachine(),
    landbridge: { version, measures },
    torch: { version: torch.version, absent: torch.absent },
    device,
    precisions,
    rehearsal: options.rehearse,
    quick: options.quick,
    rows: [],
    left: [],
  }
  printHead(report)
  const deadline = performance.now() + 1000 * Number(options.seconds)
  try {
    for (const row of selected()) {
      if (performance.now() > deadline) report.left.push(row.name)
      else report.rows.push(await runRow(row, [...torch.contestants, ...own.contestants], own.limits, settings()))
      if (report.rows.at(-1)?.name === row.name) printRow(report.rows.at(-1))
      torch.next()
      write(report)
    }
  } finally {
    own.end()
    torch.end()
  }
  return report
}

async function main() {
  if (options.help) return console.log(usage)
  if (options.list) return selected().forEach(({ name, family }) => console.log(`${family}: ${name}`))
  const started = performance.now()
  const { rows } = await measure()
  console.log(`${rows.length} rows in ${((performance.now() - started) / 60000).toFixed(1)} minutes`)
  const own = rows.flatMap(({ entries }) => entries.filter((each) => each.failed && !each.id.startsWith('torch')))
  process.exit(own.length > 0 ? 1 : 0)
}

await main().catch((error) => {
  if (!(error instanceof Absent)) throw error
  console.error(`bench/device.mjs: ${error.message}`)
  process.exit(2)
})
