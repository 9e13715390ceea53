// npm run bench [-- --filter TEXT] [--json FILE]: landbridge beside tfjs cpu and wasm. Results are compared before anything
// is timed.
import { cpus } from 'node:os'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import '@tensorflow/tfjs-backend-wasm'
import * as landbridge from '../dist/index.js'
import { difference, race } from './measure.mjs'
import { rows } from './rows.mjs'

const { values: options } = parseArgs({ options: { filter: { type: 'string' }, json: { type: 'string' } } })

function random(shape, seed, shift = 0) {
  let state = seed
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1 + shift
  })
}

/** The stream runs in order: when this empty tensor can be read, everything before it is done. */
const mark = landbridge.tensor(new Float32Array(0))

function landbridgeContestant(row, values) {
  const inputs = row.inputs.map((shape, i) => landbridge.tensor(values[i], { shape }))
  const compute = () => row.landbridge(landbridge, ...inputs)
  return {
    result: () => compute().dataSync(),
    time: () => {
      const y = compute()
      mark.dataSync()
      y.dispose()
    },
  }
}

async function tfjsContestant(backend, row, values) {
  await tf.setBackend(backend)
  await tf.ready()
  const inputs = row.inputs.map((shape, i) => tf.tensor(values[i], shape))
  const compute = () => row.tfjs(tf, ...inputs)
  const inBackend = (f) => () => {
    tf.setBackend(backend) // cpu and wasm switch synchronously once both are ready
    return f()
  }
  return {
    result: inBackend(() => {
      const y = compute()
      const data = y.dataSync()
      y.dispose()
      return data
    }),
    time: inBackend(() => compute().dispose()),
  }
}

async function runRow(row) {
  const values = row.inputs.map((shape, i) => random(shape, 17 + i, row.shift?.[i]))
  const contestants = { landbridge: landbridgeContestant(row, values) }
  for (const backend of ['cpu', 'wasm']) contestants[`tfjs_${backend}`] = await tfjsContestant(backend, row, values)
  const expected = contestants.tfjs_cpu.result()
  for (const [name, { result }] of Object.entries(contestants)) {
    const error = difference(result(), expected)
    if (!(error < (row.tolerance ?? 1e-4))) throw new Error(`${row.name}: ${name} differs from tfjs cpu by ${error}`)
  }
  return race(row.name, Object.fromEntries(Object.entries(contestants).map(([name, { time }]) => [name, time])))
}

const machine = `${cpus()[0].model}, ${cpus().length} cores, ${landbridge.devices()[0].description}, Node ${process.version}`
console.log(machine)
const report = []
for (const row of rows.filter(({ name }) => name.includes(options.filter ?? ''))) {
  const times = await runRow(row)
  const { median, low, high } = times.landbridge
  const rate = row.gflop
    ? `${((row.gflop / median) * 1000).toFixed(1)} GFLOP/s`
    : `${((row.gbyte / median) * 1000).toFixed(1)} GB/s`
  const peers = Object.entries(times).filter(([name]) => name !== 'landbridge')
  const ratios = peers.map(([name, peer]) => `${(peer.median / median).toFixed(1)}x ${name}`)
  console.log(
    `${row.name.padEnd(36)} ${median.toFixed(3)} ms [${low.toFixed(3)}, ${high.toFixed(3)}]  ${rate.padEnd(14)} ${ratios.join('  ')}`,
  )
  report.push({ name: row.name, ms: times.landbridge, rate, peers: Object.fromEntries(peers) })
}
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, rows: report }, null, 2)}\n`)
