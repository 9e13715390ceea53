// TensorFlow.js: cpu and wasm, and node where somebody has installed it (its installation downloads a library).
import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs' // registers the gradients, which core's build for Node leaves out
import { Absent } from '../absent.mjs'

const require = createRequire(import.meta.url)

const loaders = {
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
  wasm: () => import('@tensorflow/tfjs-backend-wasm'),
  node: () => import('@tensorflow/tfjs-node').catch(() => Promise.reject(new Absent('@tensorflow/tfjs-node is not installed'))), // prettier-ignore
}
const backends = { cpu: 'cpu', wasm: 'wasm', node: 'tensorflow' }
const notes = {
  cpu: 'plain JavaScript',
  wasm: 'SIMD, one thread (tfjs uses no threads in Node)',
  node: 'libtensorflow',
}

export async function tfjsContestant(kind) {
  await loaders[kind]()
  const backend = backends[kind]
  if (!(await tf.setBackend(backend))) throw new Absent(`tfjs could not set its backend ${backend}`)
  await tf.ready()
  const version = `${require('@tensorflow/tfjs-core/package.json').version}, ${notes[kind]}`
  return { id: `tfjs_${kind}`, label: `tfjs ${kind}`, version, open: (row, inputs) => open(backend, row, inputs) }
}

/** Backends that failed in the middle of something: wasm that ran out of memory computes nothing right any more. */
const broken = new Set()

async function revive(backend) {
  const factory = tf.findBackendFactory(backend)
  try {
    tf.removeBackend(backend)
  } catch {
    delete tf.engine().registry[backend] // it cannot even be disposed of
  }
  tf.registerBackend(backend, factory)
  await tf.setBackend(backend)
  broken.delete(backend)
}

async function open(backend, row, inputs) {
  if (row.tfjs === undefined) throw new Absent('tfjs has no such kernel')
  if (broken.has(backend)) await revive(backend)
  try {
    return watched(backend, opened(backend, row, inputs))
  } catch (error) {
    broken.add(backend)
    throw error
  }
}

/** Remembers a failure of any of the contestant's calls. */
function watched(backend, contestant) {
  const watch = (f) => (argument) => {
    try {
      return f(argument)
    } catch (error) {
      broken.add(backend)
      throw error
    }
  }
  return Object.fromEntries(Object.entries(contestant).map(([name, f]) => [name, watch(f)]))
}

function opened(backend, row, inputs) {
  tf.setBackend(backend) // switches synchronously once a backend is ready
  const held = []
  const keep = (each) => (held.push(each), each)
  const make = ({ shape, data }) => keep(tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'))
  const tensors = Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, make(each)]))
  const compute = row.tfjs(tf, tensors, keep)
  const call = () => [tf.tidy(compute)].flat()
  const dispose = (results) => results.forEach((each) => each?.dispose())
  return {
    result: () => {
      tf.setBackend(backend)
      const started = performance.now()
      const results = call()
      const ms = performance.now() - started
      const parts = [...results, ...(compute.inspect?.() ?? [])].map((each) => each.dataSync().slice())
      dispose(results)
      return { parts, ms }
    },
    run: (repeat) => {
      tf.setBackend(backend)
      for (let i = 0; i < repeat; i++) dispose(call())
    },
    close: () => {
      dispose(held)
      compute.close?.()
    },
  }
}
