/** What a launch may ask of a GPU, and the launches that the emulation's dry mode has recorded. */
import { readFileSync } from 'node:fs'

export type Triple = readonly [x: number, y: number, z: number]

export interface Launch {
  kernel: string
  blocks: Triple
  threads: Triple
  /** Bytes of dynamic shared memory. */
  shared: number
}

/** CUDA C++ Programming Guide, "Technical Specifications per Compute Capability". */
export const limits = {
  sm_80: { blocks: [2 ** 31 - 1, 65535, 65535], threads: [1024, 1024, 64], inAll: 1024, shared: 163 * 1024 },
  sm_90: { blocks: [2 ** 31 - 1, 65535, 65535], threads: [1024, 1024, 64], inAll: 1024, shared: 227 * 1024 },
} as const

const within = (counts: Triple, most: Triple): boolean =>
  counts.every((count, axis) => count >= 1 && count <= (most[axis] as number))

/** The architectures that could not run a launch. */
export function refusedBy({ blocks, threads, shared }: Launch): string[] {
  const [x, y, z] = threads
  return Object.entries(limits)
    .filter(
      ([, most]) =>
        !within(blocks, most.blocks) ||
        !within(threads, most.threads) ||
        x * y * z > most.inAll ||
        shared > most.shared,
    )
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
