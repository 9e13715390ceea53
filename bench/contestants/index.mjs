// Who takes part. Each contestant: { id, label, version, open(row, inputs) } or { id, label, absent: 'why' }.
// open gives { result(): { parts, ms }, run(repeat), close(), asynchronous? }, or throws Absent.
import { reasonOf } from '../absent.mjs'
import { landbridgeContestant } from './landbridge.mjs'
import { onnxContestant } from './onnx.mjs'
import { pytorchContestants } from './pytorch.mjs'
import { tfjsContestant } from './tfjs.mjs'

/** Those that check and time like the others but are many times slower: they begin with a batch of one. */
const SLOW = new Set(['tfjs_cpu'])

const makers = {
  torch: (settings) => pytorchContestants(settings),
  onnxruntime: (settings) => onnxContestant(settings),
  tfjs_node: () => tfjsContestant('node'),
  tfjs_wasm: () => tfjsContestant('wasm'),
  tfjs_cpu: () => tfjsContestant('cpu'),
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
