// Prints what a program pays besides its kernels: footprint, lateness of timers, calls, small steps. Measures dist/, so
// run `npm run build` before. Takes about half a minute; other load on the machine shows in every line.
import { cpus } from 'node:os'
import * as landbridge from '../dist/index.js'
import { convnet, footprint, lateness, mlp, quantile } from './programs.mjs'

const { devices, ops, optim, ready, tensor, tidy } = landbridge

const median = (values) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )
const range = (values, digits = 1) => {
  const [start, end, peak] = [values[0], values.at(-1), Math.max(...values)]
  return `start ${start.toFixed(digits)}, end ${end.toFixed(digits)}, peak ${peak.toFixed(digits)} MiB`
}

/** From call to queue: the time that the JavaScript thread spends on one op of 4 elements. */
async function callCost() {
  const [a, b] = [tensor([1, 2, 3, 4]), tensor([5, 6, 7, 8])]
  const rounds = []
  for (let round = 0; round < 200; round++) {
    const started = performance.now()
    tidy(() => {
      for (let i = 0; i < 500; i++) ops.add(a, b)
    })
    rounds.push((performance.now() - started) * 2)
    await ready()
    a.dataSync()
  }
  return median(rounds.slice(50))
}

/** Forward, backward and update of the 8-16-1 network, batch 32: steps per second of one loop without await. */
function stepCost() {
  const { step } = mlp(landbridge, { optimizer: (p) => new optim.SGD(p, { lr: 1e-2 }) })
  const rounds = []
  for (let round = 0; round < 10; round++) {
    const started = performance.now()
    for (let i = 0; i < 999; i++) tidy(() => void step())
    step().itemSync()
    rounds.push(performance.now() - started)
  }
  return median(rounds.slice(3))
}

async function latenessWith(wait) {
  const { step } = convnet(landbridge)
  let steps = 0
  const late = await lateness(async () => {
    for (const end = performance.now() + 5000; performance.now() < end; steps++) await wait(tidy(step))
  })
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => `${quantile(late, share).toFixed(2)}`)
  return `p50 ${p50}, p99 ${p99}, max ${max} ms (${late.length} times in ${steps} steps)`
}

console.log(`${cpus()[0]?.model}, ${devices()[0].description}, Node ${process.version}`)
const marks = footprint(landbridge, mlp(landbridge).step, 20_000)
console.log('20,000 steps of an 8-16-1 network with Adam, no dispose, no await:')
console.log(
  `  live bytes    ${range(
    marks.map(({ live }) => live),
    2,
  )}`,
)
console.log(
  `  pooled bytes  ${range(
    marks.map(({ pooled }) => pooled),
    2,
  )}`,
)
console.log(`  resident set  ${range(marks.map(({ rss }) => rss))}`)
console.log('lateness of a 1 ms timer while a convolution net trains:')
console.log(`  await ready()      ${await latenessWith(() => ready())}`)
console.log(`  await loss.item()  ${await latenessWith((loss) => loss.item())}`)
console.log(`one small op, from call to queue: ${(await callCost()).toFixed(2)} µs`)
console.log(`one SGD step of an 8-16-1 network, batch 32: ${stepCost().toFixed(1)} µs`)
