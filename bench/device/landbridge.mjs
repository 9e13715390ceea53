// landbridge as contestants: its own kernels and a library's products, each in a process of its own, in three precisions.
import { fork } from 'node:child_process'
import { clearTimeout, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { Absent } from '../absent.mjs'

const script = fileURLToPath(new URL('landbridge_worker.mjs', import.meta.url))

/** A process that answers requests one after the other; started again at the next request where it has ended. */
export class Process {
  #environment
  #greeting
  #seconds
  #child

  /** @param seconds after so many without an answer the process is ended */
  constructor(environment, greeting, seconds) {
    this.#environment = environment
    this.#greeting = greeting
    this.#seconds = seconds
  }

  async ask(command, fields = {}) {
    if (this.#child === undefined) await this.#start()
    const reply = await this.#exchange({ command, ...fields })
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply
  }

  async #start() {
    this.#child = fork(script, {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      env: { ...process.env, ...this.#environment },
    })
    this.greeted = await this.#exchange({ command: 'hello', ...this.#greeting })
    if (this.greeted.error === undefined) return
    this.end()
    throw new Absent(this.greeted.error)
  }

  #exchange(request) {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const finish = (settle, value) => {
        clearTimeout(timer)
        child.removeAllListeners()
        settle(value)
      }
      const lost = (why) => {
        this.end()
        finish(reject, new Error(`${request.command}: the process ${why}`))
      }
      const timer = setTimeout(() => lost(`gave no answer for ${this.#seconds} s`), 1000 * this.#seconds)
      child.once('message', (reply) => finish(resolve, reply))
      child.once('exit', (code, signal) => lost(`has ended with ${signal ?? `exit ${code}`}`))
      child.send(request)
    })
  }

  end() {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }
}

const variants = {
  landbridge: { label: 'landbridge, own kernels', libraries: 'off' },
  libraries: { label: 'landbridge, libraries', libraries: 'on' },
}

function contestant(id, process, precision) {
  const { label } = variants[id]
  const slot = `${id}-${precision}`
  return {
    id: slot,
    library: id,
    label,
    precision,
    enters: (row) => id === 'landbridge' || row.libraries === true,
    async open(row) {
      await process.ask('open', { slot, name: row.name, precision })
      return {
        result: () => process.ask('result', { slot }),
        time: (repeat, samples) => process.ask('time', { slot, repeat, samples }),
        close: () => process.ask('close', { slot }),
      }
    },
  }
}

/** @returns { contestants, limits, end, version }; throws Absent where the device is not there */
export async function landbridgeContestants({ device, precisions, tiny, seconds }) {
  const kinds = device === 'cuda' ? Object.keys(variants) : ['landbridge'] // no library runs on the host
  const processes = kinds.map(
    (kind) => new Process({ LANDBRIDGE_CUDA_LIBRARIES: variants[kind].libraries }, { device }, seconds),
  )
  for (const each of processes) await each.ask('limits', { tiny })
  return {
    version: processes[0].greeted.version,
    measures: processes[0].greeted.measures,
    contestants: kinds.flatMap((kind, i) => precisions.map((precision) => contestant(kind, processes[i], precision))),
    limits: async () => (await processes[0].ask('limits', { tiny })).limits,
    end: () => processes.forEach((each) => each.end()),
  }
}
