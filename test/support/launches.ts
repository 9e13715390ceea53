/** What a launch may ask of a GPU, and the launches that the emulation's dry mode has recorded. */
import { readFileSync } from 'node:fs'

export type Triple = readonly [x: number, y: number, z: number]

export interface Launch {
  /** As the compiler spells it: with its template arguments. */
  kernel: string
  blocks: Triple
  threads: Triple
  /** Bytes of dynamic shared memory. */
  shared: number
}

/** CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". 8.6 stands for 8.9 and 12.0 as well. */
const common = {
  blocks: [2 ** 31 - 1, 65535, 65535],
  threads: [1024, 1024, 64],
  inAll: 1024,
  registers: 65536,
} as const
const limits = {
  sm_80: { ...common, code: 'sm_80', shared: 163 * 1024 },
  sm_86: { ...common, code: 'sm_80', shared: 99 * 1024 },
  sm_90: { ...common, code: 'sm_90', shared: 227 * 1024 },
}

/** What the most demanding instance of a kernel takes: registers of a thread, bytes of static shared memory. */
interface Resources {
  registers: number
  shared: number
}

/** By kernel and architecture, from the table that scripts/cuda-resources.mjs writes. */
const resources = new Map<string, Resources>()
for (const row of readFileSync(new URL('../../docs/cuda-resources.md', import.meta.url), 'utf8').split('\n')) {
  const [, , kernel, architecture, , registers, shared] = row.split('|').map((cell) => cell.trim())
  const key = `${kernel} ${architecture}`
  const before = resources.get(key) ?? { registers: 0, shared: 0 }
  if (architecture === undefined || !(architecture in limits)) continue
  resources.set(key, {
    registers: Math.max(before.registers, Number(registers)),
    shared: Math.max(before.shared, Number(shared)),
  })
}

/** Of a kernel by its name in a launch; nothing for kernels that the table does not know, such as those of tests. */
export function resourcesOf(kernel: string, architecture: string): Resources | undefined {
  return resources.get(`${kernel.replace(/<.*/, '').replace(/^.*::/, '')} ${architecture}`)
}

/** Registers are given to whole warps, eight for each thread at a time. */
const registersOf = (each: number, threads: number): number => Math.ceil(each / 8) * 8 * Math.ceil(threads / 32) * 32

const within = (counts: Triple, most: Triple): boolean =>
  counts.every((count, axis) => count >= 1 && count <= (most[axis] as number))

/** The architectures that could not run a launch. */
export function refusedBy({ kernel, blocks, threads, shared }: Launch): string[] {
  const inAll = threads[0] * threads[1] * threads[2]
  return Object.entries(limits)
    .filter(([, most]) => {
      const own = resourcesOf(kernel, most.code) ?? { registers: 0, shared: 0 }
      return (
        !within(blocks, most.blocks) ||
        !within(threads, most.threads) ||
        inAll > most.inAll ||
        registersOf(own.registers, inAll) > most.registers ||
        shared + own.shared > most.shared
      )
    })
    .map(([architecture]) => architecture)
}

const triple = (text: string): Triple => text.split(' ').map(Number) as [number, number, number]

/** The launches that LANDBRIDGE_EMULATION_DRY has written to `path`. */
export function readLaunches(path: string): Launch[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [kernel, blocks, threads, shared] = line.split('\t') as [string, string, string, string]
      return { kernel, blocks: triple(blocks), threads: triple(threads), shared: Number(shared) }
    })
}
