// ONNX Runtime's CPU provider, through onnxruntime-node: forward kernels. Weights are constants of the graph, which it
// packs once; NCHW, as it wants them.
import { createRequire } from 'node:module'
import { Absent } from '../absent.mjs'
import { encodeModel } from './onnxModel.mjs'

const require = createRequire(import.meta.url)

export async function onnxContestant({ threads }) {
  const ort = await import('onnxruntime-node')
  const version = `${require('onnxruntime-node/package.json').version}, ${threads} threads`
  const options = { executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 }
  const open = (row, inputs) => openSession(ort.default ?? ort, options, row, inputs)
  return { id: 'onnxruntime', label: 'onnxruntime', version, open }
}

async function openSession({ InferenceSession, Tensor }, options, row, inputs) {
  if (row.onnx === undefined) throw new Absent('onnxruntime has no such forward kernel')
  const { feeds, constants, nodes, outputs, back = [] } = row.onnx(inputs)
  const dims = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]))
  const model = encodeModel({ nodes, inputs: dims, constants, outputs })
  const session = await InferenceSession.create(model, options)
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  )
  let results // given back to each run, which then allocates nothing
  return {
    asynchronous: true,
    result: async () => {
      const started = performance.now()
      results = await session.run(tensors)
      const ms = performance.now() - started
      const parts = outputs.map((name, i) => (back[i] ? back[i](results[name]) : results[name].data.slice()))
      return { parts, ms }
    },
    run: async (repeat) => {
      for (let i = 0; i < repeat; i++) await session.run(tensors, results)
    },
    close: () => session.release(),
  }
}
