/** The test kernels: built with one command into a temporary folder, loaded as a user's library is. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { loadKernels } from 'landbridge'
import { execute, KernelTable, type InPlace } from '../../src/engine/execute.js'
import { Tensor, type Shape } from '../../src/engine/tensor.js'
import type { Storage } from '../../src/engine/storage.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Builds the library; its folder is removed after the tests of the file. */
export function buildKernels(source = path('kernels.cc'), flags: readonly string[] = []): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-kernels-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const library = join(folder, 'kernels.so')
  const include = path('../../native/include')
  execFileSync('g++', [
    '-std=c++20',
    '-O1',
    '-shared',
    '-fPIC',
    '-I',
    include,
    ...flags,
    '-x',
    'c++',
    source,
    '-o',
    library,
  ])
  return library
}

export function loadTestKernels(): void {
  loadKernels(buildKernels())
}

const tables = new Map<string, KernelTable>()
function table(name: string): KernelTable {
  const found = tables.get(name) ?? new KernelTable(name)
  tables.set(name, found)
  return found
}

/** Queues a kernel with one fresh output, by default of the first input's shape. */
export function call(name: string, inputs: readonly Tensor[], params: readonly number[] = [], shape?: Shape): Tensor {
  const output = { shape: shape ?? inputs[0]?.shape ?? [], dtype: 'float32' as const }
  const [storage] = execute(table(name), inputs, [output], params)
  return new Tensor(storage as Storage, output.shape, 'float32')
}

/** As an optimiser does it: the first inputs are replaced by the outputs, in place where nobody else holds them. */
export function callInPlace(
  name: string,
  inputs: readonly Tensor[],
  params: readonly number[] = [],
  targets = 1,
): void {
  const replaced = inputs.slice(0, targets)
  const outputs = replaced.map(({ shape, dtype }) => ({ shape, dtype }))
  const inPlace = replaced.map((target, input): InPlace => ({ input, exclusive: target.live(name).exclusive }))
  execute(table(name), inputs, outputs, params, inPlace).forEach((storage, i) => {
    const target = replaced[i] as Tensor
    if (storage === undefined) return
    target.storage?.release()
    target.storage = storage
  })
}

export const sleep = (x: Tensor, milliseconds: number): Tensor => call('test_sleep', [x], [milliseconds])
