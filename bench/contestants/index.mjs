// Who takes part. Each contestant: { id, label, version, open(row, inputs) } or { id, label, absent: 'why' }.
// open gives { result(): { parts, ms }, run(repeat), close(), asynchronous? }, or throws Absent.
import { reasonOf } from '../absent.mjs'
import { landbridgeContestant } from './landbridge.mjs'
import { pytorchContestants } from './pytorch.mjs'

/** Those that check and time like the others but are many times slower: they begin with a batch of one. */
const SLOW = new Set(['tfjs_cpu'])

/** Loaded when they are asked for: a peer that is not installed is absent, and no reason to stop. */
const tfjs = async (backend) => (await import('./tfjs.mjs')).tfjsContestant(backend)

const makers = {
  torch: (settings) => pytorchContestants(settings),
  onnxruntime: async (settings) => (await import('./onnx.mjs')).onnxContestant(settings),
  tfjs_node: () => tfjs('node'),
  tfjs_wasm: () => tfjs('wasm'),
  tfjs_cpu: () => tfjs('cpu'),
}

async function entered(id, settings) {
  try {
    return [await makers[id](settings)].flat()
  } catch (error) {
    return [{ id, label: id, absent: reasonOf(error) }]
  }
}

/** @param settings { threads, peers: ids or undefined for all, landbridge } */
export async function makeContestants(settings) {
  const unknown = settings.peers?.filter((id) => !(id in makers)) ?? []
  if (unknown.length > 0) throw new Error(`--peers: expected some of ${Object.keys(makers)}, received ${unknown}`)
  const found = []
  for (const id of Object.keys(makers)) {
    if (settings.peers === undefined || settings.peers.includes(id)) found.push(...(await entered(id, settings)))
  }
  found.push(landbridgeContestant(settings.landbridge))
  return found.map((each) => ({ ...each, slow: SLOW.has(each.id) }))
}
