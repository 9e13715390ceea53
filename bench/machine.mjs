// The machine: what it is, and what it can do at the moment.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export function describeMachine(landbridge, threads) {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    threads,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    landbridge: `${JSON.parse(readFileSync(here('../package.json'), 'utf8')).version}, ${landbridge.devices()[0].description}`,
    commit: spawnSync('git', ['describe', '--always', '--dirty'], { cwd: here('..'), encoding: 'utf8' }).stdout?.trim(),
    load: loadavg()[0], // of the minute before the suite
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
  }
}

/** Builds probe.cc for this very CPU. */
function compile() {
  const library = join(mkdtempSync(join(tmpdir(), 'landbridge-bench-')), 'probe.so')
  const compiler = process.env.CXX ?? 'c++'
  const flags = [
    '-std=c++20',
    '-O3',
    '-march=native',
    '-ffp-contract=fast',
    '-shared',
    '-fPIC',
    '-I',
    here('../native/include'),
  ]
  const { status, stderr } = spawnSync(compiler, [...flags, here('probe.cc'), '-o', library], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${compiler} could not build bench/probe.cc: ${stderr}`)
  return library
}

const ELEMENTS = 1 << 24 // 64 MiB per array: beyond every cache
const CHUNKS = 16
const ROUNDS = 40_000
const BEST_OF = 3

/** Measures FMA peak (GFLOP/s) and bandwidth (GB/s, counting what the formula reads and writes). */
export class Probe {
  #landbridge
  #threads
  #ops
  #arrays
  #operations

  constructor(landbridge, threads) {
    const { defineOp, full, loadKernels, tensor } = landbridge
    loadKernels(compile())
    const like = ([x]) => x.shape
    const op = (name, spec) => defineOp(name, { attrs: { rounds: 0 }, shape: like, ...spec })
    this.#ops = {
      fma: op('probeFma', { shape: () => [CHUNKS] }),
      read: op('probeRead', { shape: ([x]) => [x.size / 65536] }),
      copy: op('probeCopy', {}),
      triad: op('probeTriad', { inputs: ['x', 'z'] }),
    }
    this.#landbridge = landbridge
    this.#threads = threads
    this.#arrays = [full([ELEMENTS], 1), full([ELEMENTS], 2), tensor([1e-3])]
    this.#operations = op('probeOperations', { shape: () => [1] })(this.#arrays[2]).dataSync()[0]
  }

  /** { one: { fma, read, copy, triad }, all: { … } } */
  measure() {
    const { setThreads } = this.#landbridge
    setThreads(1)
    const one = this.#limits()
    setThreads(this.#threads)
    return { one, all: this.#threads === 1 ? one : this.#limits() }
  }

  #limits() {
    const [x, z, seed] = this.#arrays
    const { fma, read, copy, triad } = this.#ops
    const gigabytes = (ELEMENTS * 4) / 1e9
    return {
      fma: (this.#operations * ROUNDS * CHUNKS) / 1e9 / this.#best(() => fma(seed, { rounds: ROUNDS })),
      read: gigabytes / this.#best(() => read(x)),
      copy: (2 * gigabytes) / this.#best(() => copy(x)),
      triad: (3 * gigabytes) / this.#best(() => triad(x, z)),
    }
  }

  /** Seconds. */
  #best(f) {
    let best = Infinity
    for (let i = 0; i < BEST_OF; i++) {
      const started = performance.now()
      const y = f()
      y.slice({ start: [0], end: [1] }).dataSync()
      best = Math.min(best, (performance.now() - started) / 1000)
      y.dispose()
    }
    return best
  }
}
