/** Finds, types and alone calls the native addon. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { NativeLoadError } from './errors.js'

/** A native buffer: opaque to JavaScript, freed when released or collected. */
export interface Handle {
  readonly __handle: unique symbol
}

export type DType = 'float32' | 'int32' | 'uint8' | 'bool'
export type Device = 'cpu' | 'cuda' | 'cuda-emulated'
export type TypedArray = Float32Array | Int32Array | Uint8Array

export const dtypes: readonly DType[] = ['float32', 'int32', 'uint8', 'bool']
export const deviceNames: readonly Device[] = ['cpu', 'cuda', 'cuda-emulated']
/** The numbers by which the addon knows dtypes and devices (native/include/landbridge/kernel.h). */
export const dtypeNumber: Readonly<Record<DType, number>> = { float32: 0, int32: 1, uint8: 2, bool: 3 }
export const deviceNumber: Readonly<Record<Device, number>> = { cpu: 0, cuda: 1, 'cuda-emulated': 2 }
export const dtypeBytes: Readonly<Record<DType, number>> = { float32: 4, int32: 4, uint8: 1, bool: 1 }

export interface KernelInfo {
  name: string
  device: Device
  /** `any`: serves every dtype. */
  dtype: DType | 'any'
  isa: 'baseline' | 'avx2' | 'avx512'
}

/** Native memory of the whole process on one device, in bytes and buffers: live in tensors, and pooled for reuse. */
export interface MemoryInfo {
  liveBytes: number
  liveBuffers: number
  pooledBytes: number
  pooledBuffers: number
  limitBytes: number
}

export interface SystemInfo {
  isa: KernelInfo['isa']
  cpuFeatures: string
  threads: number
  abi: string
}

interface Native {
  /** Where `run` finds the description of a call; see native/binding/run.cc. */
  readonly scratch: Float64Array
  write(device: number, values: TypedArray): Handle
  /** A copy on another device, in the order of both devices' calls. Waits for neither; a failed value's copy fails alike. */
  transfer(handle: Handle, device: number): Handle
  read<T extends TypedArray>(handle: Handle, into: T): Promise<T>
  readSync<T extends TypedArray>(handle: Handle, into: T): T
  release(handle: Handle): void
  fence(device: number): Promise<void>
  takeFailure(): string | undefined
  /** The inputs' handles, then released ones, which become those of fresh outputs as far as they go. Null: nothing is fresh. */
  run(kernel: number, ...handles: (Handle | null)[]): Handle | null | (Handle | null)[]
  kernel(name: string, device: number, dtype: number, op?: string): number
  kernels(): KernelInfo[]
  loadKernels(path: string): KernelInfo[]
  /** Opens the device that a library serves; its description. Throws an Error with one sentence. */
  loadDevice(path: string): string
  /** Calls between begin (true) and end (false) are launched as one graph where the device can; on the CPU, nothing. */
  graph(device: number, begin: boolean): void
  /** Marks a point of the device's stream; on the CPU there is no such clock. */
  mark(device: number): void
  /** The device's milliseconds from each mark to the next, since the last call. Waits for them. */
  marks(device: number): number[]
  /** To be called when the process is about to end: its streams then end before the libraries that they use. */
  atExit(): void
  memory(device: number): MemoryInfo
  /** How this thread's calls from now on compute products of matrices: 0 float32, 1 TF32, 2 bfloat16 (GPUs only). */
  precision(mode: 0 | 1 | 2): void
  threads(count?: number): number
  info(): SystemInfo
}

const platform = `${process.platform}-${process.arch}`

const own = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

function candidates(): { path: string; what: string }[] {
  const override = process.env.LANDBRIDGE_NATIVE
  return [
    ...(override ? [{ path: override, what: 'named by LANDBRIDGE_NATIVE' }] : []),
    { path: own('build/Release/landbridge.node'), what: 'built in a clone' },
    { path: own(`prebuilds/${platform}/landbridge.node`), what: `packed for ${platform}` },
  ]
}

function load(): { native: Native; path: string } {
  const require = createRequire(import.meta.url)
  const tried: string[] = []
  for (const { path, what } of candidates()) {
    if (!existsSync(path)) {
      tried.push(`  ${path} (${what}): not there`)
      continue
    }
    try {
      return { native: require(path) as Native, path }
    } catch (error) {
      tried.push(`  ${path} (${what}): ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new NativeLoadError(
    `landbridge could not load its native addon for ${platform}, Node ${process.version}. Looked for:\n` +
      `${tried.join('\n')}\n${remedy()}`,
  )
}

function remedy(): string {
  if (existsSync(own('native/CMakeLists.txt'))) return `To mend it: run "npm run build:native" in ${own('')}`
  return (
    'To mend it: run "npm uninstall landbridge && npm install landbridge" in your project. Where the package has no ' +
    'binary for a platform: run "npm ci" in a clone of the repository there, and set LANDBRIDGE_NATIVE to the path of ' +
    'its build/Release/landbridge.node.'
  )
}

const loaded = load()
export const native = loaded.native
/** The file that was loaded. */
export const nativePath = loaded.path

// Of a worker Node closes the environment. The main thread's it leaves alone at process.exit() or an uncaught error,
// while libraries are torn down under the streams' threads.
if (isMainThread) process.once('exit', () => native.atExit())
