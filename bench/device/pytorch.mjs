// PyTorch on the same device: eager with cuDNN's benchmark mode in three precisions, in both memory formats where rows have
// images, and compiled where a row says so. In bfloat16 inputs and weights are cast, and whole steps run under autocast.
import { findPython, readResult, removeInputs, Worker, writeInputs } from '../contestants/pytorch.mjs'
import { Absent } from '../absent.mjs'

const formats = {
  torch: 'contiguous_format',
  torch_channels_last: 'channels_last',
  torch_compiled: 'contiguous_format',
}
const labels = { torch: 'PyTorch', torch_channels_last: 'PyTorch channels_last', torch_compiled: 'torch.compile' }

const enters = {
  torch: () => true,
  torch_channels_last: (row) => row.images === true,
  torch_compiled: (row) => row.compiled === true,
}

/** Inputs of the row in hand lie in files until the next row's are wanted. */
class Files {
  #worker
  #name
  #files = {}

  constructor(worker) {
    this.#worker = worker
  }

  of(row, inputs) {
    if (this.#name === row.name) return this.#files
    this.clear()
    this.#name = row.name
    this.#files = writeInputs(this.#worker, inputs)
    return this.#files
  }

  clear() {
    removeInputs(this.#files)
    this.#files = {}
    this.#name = undefined
  }
}

function contestant(id, worker, files, precision) {
  const slot = `${id}-${precision}`
  return {
    id: slot,
    library: id,
    label: labels[id],
    precision,
    enters: enters[id],
    async open(row, inputs) {
      if (row.absent?.torch) throw new Absent(row.absent.torch)
      worker.ask('setup', {
        slot,
        source: row.torch,
        memory_format: formats[id],
        grad: row.grad ?? false,
        precision,
        mixed: row.steps === true,
        compile: id === 'torch_compiled',
        inputs: files.of(row, inputs),
      })
      return {
        result: async () => readResult(worker, slot),
        time: async (repeat, samples) => worker.ask('time', { slot, repeat, samples }),
        close: async () => worker.ask('close', { slot }),
      }
    },
  }
}

/** @returns { contestants, version, end }; throws Absent where PyTorch or its device is not there */
export function pytorchContestants({ device, precisions, threads }) {
  const worker = new Worker(findPython())
  const { version, device: name, libraries, compiles } = worker.ask('hello', { threads, device })
  const ids = Object.keys(labels).filter((id) => compiles || id !== 'torch_compiled')
  const files = new Files(worker)
  return {
    version: device === 'cpu' ? `${version} on the CPU` : `${version} on ${name}, ${libraries}`,
    contestants: ids.flatMap((id) =>
      (id === 'torch_compiled' ? ['float32'] : precisions).map((each) => contestant(id, worker, files, each)),
    ),
    next: () => files.clear(),
    end: () => worker.close(),
  }
}
