// landbridge in a process of its own: with a library's products or its own, and gone without harm where a kernel takes the
// process down. One request at a time, as a message; one reply each.
import { fileURLToPath } from 'node:url'
import * as landbridge from '../../dist/index.js'
import { openDevice } from '../../dist/engine/devices.js'
import { deviceNumber, native } from '../../dist/engine/native.js'
import { together } from '../../dist/engine/together.js'
import { reasonOf } from '../absent.mjs'
import { makeInputs } from '../values.mjs'
import { Probe } from './probe.mjs'
import { deviceRows, tinyRows } from './rows.mjs'

const { devices, tensor, tidy, withPrecision } = landbridge
let device = 'cpu'
let probe
const slots = new Map()
let wait // the stream runs in order: when this empty tensor can be read, everything before it is done

const emulated = fileURLToPath(new URL('../../build/Release/landbridge-cuda-emulated.so', import.meta.url))

function hello({ device: wanted }) {
  device = wanted
  if (device === 'cuda-emulated') openDevice(device, emulated)
  const mark = tensor(new Float32Array(0), { device })
  wait = () => void mark.dataSync()
  const { description } = devices().find((each) => each.device === device)
  return { version: description, measures: device === 'cpu' ? 'wall clock' : "the device's events" }
}

function open({ slot, name, precision }) {
  const row = [...deviceRows, ...tinyRows].find((each) => each.name === name)
  const inputs = makeInputs(row.inputs)
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([key, { shape, data }]) => [key, tensor(data, { shape, device })]),
  )
  const compute = row.landbridge(landbridge, tensors, inputs)
  const call = () => tidy(() => withPrecision(precision, compute))
  // A step that repeats is launched as one graph, as in transfer.fit.
  slots.set(slot, { tensors, compute, call: row.steps ? () => together(device, call) : call })
  wait()
  return {}
}

const disposeAll = (results) => [results].flat().forEach((each) => each?.dispose())

function result({ slot }) {
  const { compute, call } = slots.get(slot)
  const results = call()
  const shown = compute.inspect?.() ?? []
  const parts = [results ?? [], shown].flat().map((each) => each.dataSync())
  disposeAll(results)
  return { parts }
}

/** Milliseconds of one call, of `samples` groups of `repeat` calls. */
function time({ slot, repeat, samples }) {
  const { call } = slots.get(slot)
  const group = () => {
    for (let i = 0; i < repeat; i++) disposeAll(call())
  }
  const groups = device === 'cpu' ? byClock(group, samples) : byMarks(group, samples)
  return { ms: groups.map((each) => each / repeat) }
}

function byMarks(group, samples) {
  const number = deviceNumber[device]
  native.mark(number)
  for (let i = 0; i < samples; i++) {
    group()
    native.mark(number)
  }
  return native.marks(number)
}

function byClock(group, samples) {
  return Array.from({ length: samples }, () => {
    const started = performance.now()
    group()
    wait()
    return performance.now() - started
  })
}

function limits({ tiny }) {
  probe ??= new Probe(landbridge, device, tiny)
  return { limits: probe.measure((group) => byMarks(group, 3)) }
}

function close({ slot }) {
  const { tensors, compute } = slots.get(slot) ?? { tensors: {} }
  slots.delete(slot)
  Object.values(tensors).forEach((each) => each.dispose())
  compute?.close?.()
  globalThis.gc?.()
  return {}
}

const commands = { hello, open, result, time, limits, close }

process.on('message', ({ command, ...request }) => {
  try {
    process.send(commands[command](request))
  } catch (error) {
    process.send({ error: reasonOf(error) })
  }
})
