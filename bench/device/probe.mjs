// The device's limits, measured between the rounds of every row by the kernels of probe.cu, built for this very device.
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const includes = ['include', 'core', '.'].flatMap((folder) => ['-I', here(`../../native/${folder}`)])
const common = ['-std=c++20', '-shared', ...includes]

const builds = {
  cuda: ['nvcc', [...common, '-O3', '-arch=native', '--extended-lambda', '-Xcompiler', '-fPIC', here('probe.cu')]],
  'cuda-emulated': [
    process.env.CXX ?? 'c++',
    [...common, '-O2', '-fPIC', '-w', '-DLANDBRIDGE_CUDA_EMULATED', '-I', here('../../test/support'), '-x', 'c++', here('probe.cu')], // prettier-ignore
  ],
}

function compile(device) {
  const library = join(mkdtempSync(join(tmpdir(), 'landbridge-bench-')), 'probe.so')
  const [compiler, flags] = builds[device]
  const { status, stderr, error } = spawnSync(compiler, [...flags, '-o', library], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${compiler} could not build bench/device/probe.cu: ${error?.message ?? stderr}`)
  return library
}

const THREADS = 256
const sizes = {
  full: { elements: 1 << 26, blocks: 132 * 32, rounds: { float32: 4096, tf32: 512, bfloat16: 512 } },
  tiny: { elements: 1 << 12, blocks: 2, rounds: { float32: 4, tf32: 2, bfloat16: 2 } },
}
const rates = { float32: 'probeDeviceFloat32', tf32: 'probeDeviceTf32', bfloat16: 'probeDeviceBfloat16' }

/** Measures GFLOP/s by precision, and GB/s of a copy, counting what is read and what is written. */
export class Probe {
  #ops
  #x
  #operations
  #sizes

  /** @param device `'cpu'` has no probe of this kind */
  constructor({ defineOp, full, loadKernels }, device, tiny) {
    if (device === 'cpu') return
    loadKernels(compile(device))
    this.#sizes = tiny ? sizes.tiny : sizes.full
    const { elements, blocks } = this.#sizes
    const op = (name, spec) => defineOp(name, { attrs: { rounds: 0 }, ...spec })
    this.#ops = Object.fromEntries(Object.entries(rates).map(([precision, name]) => [precision, op(name, { shape: () => [blocks * THREADS] })])) // prettier-ignore
    this.#ops.copy = op('probeDeviceCopy', { shape: ([x]) => x.shape })
    this.#x = full([elements], 1, { device })
    this.#operations = op('probeDeviceOperations', { shape: () => [3] })(this.#x).dataSync()
  }

  /**
   * @param timer gives the milliseconds of a function of calls, several times
   * @returns { copy, float32, tf32, bfloat16 }, or undefined where there is no probe
   */
  measure(timer) {
    if (this.#ops === undefined) return undefined
    const { elements, blocks, rounds } = this.#sizes
    const best = (call) => {
      call().dispose()
      return Math.min(...timer(() => call().dispose()))
    }
    const copy = (8 * elements) / 1e6 / best(() => this.#ops.copy(this.#x))
    const rate = (precision, i) => (this.#operations[i] * blocks * rounds[precision]) / 1e6 / best(() => this.#ops[precision](this.#x, { rounds: rounds[precision] })) // prettier-ignore
    return { copy, ...Object.fromEntries(Object.keys(rates).map((each, i) => [each, rate(each, i)])) }
  }
}
