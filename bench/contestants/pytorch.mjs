// PyTorch, in one Python process for the whole run. Requests go through FIFOs with blocking reads, so that benchmark.js
// times it as it times the others; a round trip takes some 20 µs, spread over groups of at least 5 ms of calls.
import { spawn, spawnSync } from 'node:child_process'
import { Buffer } from 'node:buffer'
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Absent } from '../absent.mjs'

const script = fileURLToPath(new URL('pytorch_worker.py', import.meta.url))

/** The environment without settings meant for other programs: a core type or a thread count for OpenBLAS, say. */
const environment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENBLAS|OMP|GOMP|MKL|KMP)_/.test(name)))

export function findPython() {
  const python = process.env.LANDBRIDGE_BENCH_PYTHON ?? '/usr/bin/python3'
  const { status, stderr, error } = spawnSync(python, ['-c', 'import torch, numpy'], {
    encoding: 'utf8',
    env: environment(),
  })
  if (error) throw new Absent(`${python} cannot be run (LANDBRIDGE_BENCH_PYTHON names another)`)
  if (status !== 0) throw new Absent(`${python}: ${stderr.trim().split('\n').at(-1)} (Debian: python3-torch)`)
  return python
}

/** One Python process; requests are answered in order, and `ask` waits. */
export class Worker {
  #folder = mkdtempSync(join(tmpdir(), 'landbridge-bench-'))
  #requests
  #replies
  #rest = ''

  constructor(python) {
    const pipes = ['requests', 'replies'].map((name) => join(this.#folder, name))
    if (spawnSync('mkfifo', pipes).status !== 0) throw new Absent('mkfifo cannot be run here')
    this.process = spawn(python, [script, ...pipes], { env: environment(), stdio: ['ignore', 'ignore', 'inherit'] })
    process.on('exit', () => this.end())
    this.#replies = openSync(pipes[1], 'r') // each open waits for the other side
    this.#requests = openSync(pipes[0], 'w')
  }

  path(name) {
    return join(this.#folder, name)
  }

  /** Sends a request and waits for its reply. */
  ask(command, fields = {}) {
    writeSync(this.#requests, `${JSON.stringify({ command, ...fields })}\n`)
    const reply = JSON.parse(this.#line())
    if (reply.error !== undefined) throw new Absent(`PyTorch: ${reply.error}`)
    return reply
  }

  #line() {
    const chunk = Buffer.alloc(65536)
    while (!this.#rest.includes('\n')) {
      const count = readSync(this.#replies, chunk)
      if (count === 0) throw new Absent('the PyTorch process has ended')
      this.#rest += chunk.toString('utf8', 0, count)
    }
    const end = this.#rest.indexOf('\n')
    const line = this.#rest.slice(0, end)
    this.#rest = this.#rest.slice(end + 1)
    return line
  }

  end() {
    this.process.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  close() {
    closeSync(this.#requests)
    closeSync(this.#replies)
    this.end()
  }
}

/** What a sceptic asks first: a BLAS that is not tuned makes every product slow. */
function blasNote(paths, config) {
  if (/USE_MKL=ON/.test(config)) return 'MKL'
  const tuned = (text) => /openblas|mkl|blis|atlas/.test(text)
  const found = paths.find((path) => tuned(basename(path))) ?? paths.find(tuned)
  if (found) return basename(found)
  const warning = 'THE REFERENCE BLAS, which is slow: install libopenblas0-pthread and run again'
  return `${warning} (${paths.map((path) => basename(path)).join(', ') || 'none found'})`
}

const FORMATS = { torch: 'contiguous_format', torch_channels_last: 'channels_last' }

export function pytorchContestants({ threads }) {
  const worker = new Worker(findPython())
  const { version, threads: used, blas, config } = worker.ask('hello', { threads })
  const note = blasNote(blas, config)
  const described = `${version}, ${used} threads, BLAS: ${note}`
  return Object.entries(FORMATS).map(([id, format]) => ({
    id,
    label: id === 'torch' ? 'PyTorch' : 'PyTorch channels_last',
    version: described,
    config,
    warning: note.startsWith('THE') ? `PyTorch uses ${note}` : undefined,
    images: id !== 'torch', // a row without images has nothing to lay out otherwise
    open: (row, inputs) => open(worker, id, format, row, inputs),
    end: id === 'torch' ? () => worker.close() : undefined,
  }))
}

let opened = 0

function open(worker, id, format, row, inputs) {
  if (row.torch === undefined) throw new Absent('PyTorch has no such kernel')
  const slot = `${id}-${opened++}` // a row may be open twice, once with a batch of one
  const files = writeInputs(worker, inputs)
  try {
    worker.ask('setup', { slot, source: row.torch, memory_format: format, grad: row.grad ?? false, inputs: files })
  } finally {
    removeInputs(files)
  }
  return {
    result: () => readResult(worker, slot),
    run: (repeat) => void worker.ask('run', { slot, repeat }),
    close: () => void worker.ask('close', { slot }),
  }
}

/** name → { path, shape, dtype }: files from which the process reads a row's inputs. */
export function writeInputs(worker, inputs) {
  const files = Object.entries(inputs).map(([name, { shape, data }], i) => {
    const path = worker.path(`input-${i}`)
    writeFileSync(path, Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    return [name, { path, shape, dtype: data instanceof Int32Array ? 'int32' : 'float32' }]
  })
  return Object.fromEntries(files)
}

export function removeInputs(files) {
  for (const { path } of Object.values(files)) rmSync(path, { force: true })
}

export function readResult(worker, slot) {
  const path = worker.path('result')
  const { ms, sizes } = worker.ask('result', { slot, path })
  const bytes = readFileSync(path)
  rmSync(path)
  let at = bytes.byteOffset
  const parts = sizes.map((size) => {
    const part = new Float32Array(bytes.buffer.slice(at, at + 4 * size))
    at += 4 * size
    return part
  })
  return { parts, ms }
}
