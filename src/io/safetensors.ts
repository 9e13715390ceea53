import { open, type FileHandle } from 'node:fs/promises'
import { describe, entriesOf, pathArgument } from '../engine/arguments.js'
import { ArgumentError, DataError } from '../engine/errors.js'
import { dtypeBytes, type Device } from '../engine/native.js'
import { keep } from '../engine/scope.js'
import { isTensor, type Tensor } from '../engine/tensor.js'
import { fromArray } from '../ops/creation.js'
import { writeAtomically } from './atomic.js'
import { Unrepresentable, formatNames } from './safetensorsFormats.js'
import { headerLength, LENGTH_BYTES, parseHeader, type Entry } from './safetensorsHeader.js'

export interface SafetensorsFile {
  tensors: Record<string, Tensor>
  /** Texts that came with them; empty where there are none. */
  metadata: Record<string, string>
}

export interface LoadOptions {
  /** Default `'cpu'`. */
  device?: Device
}

/**
 * Reads a safetensors file. F16, BF16 and F64 become float32; I8, I16, U16, U32, I64 and U64 become int32.
 *
 * @throws DataError naming the file and the tensor: for a header that is not what it says, ranges that overlap, leave
 *   holes or exceed the file, other dtypes, and values that the dtype cannot hold
 */
export async function loadSafetensors(path: string, options: LoadOptions = {}): Promise<SafetensorsFile> {
  pathArgument('loadSafetensors', path)
  const file = await open(path).catch((error: Error) => {
    throw new DataError(`expected a file that can be opened, received ${error.message}`, { file: path })
  })
  try {
    const { size } = await file.stat()
    const length = headerLength(await readAt(file, path, 0, Math.min(LENGTH_BYTES, size)), size, path)
    const { entries, metadata } = parseHeader(await readAt(file, path, LENGTH_BYTES, length), size, path)
    const made: [string, Tensor][] = []
    try {
      for (const entry of entries) {
        const bytes = await readAt(file, path, entry.begin, entry.end - entry.begin)
        made.push([entry.name, keep(toTensor(entry, bytes, path, options))])
      }
    } catch (error) {
      for (const [, tensor] of made) tensor.dispose()
      throw error
    }
    return { tensors: Object.fromEntries(made), metadata }
  } finally {
    await file.close()
  }
}

const isBytes = (value: unknown): value is Uint8Array => ArrayBuffer.isView(value) && value instanceof Uint8Array

/** As `loadSafetensors`, from the bytes of a whole file. */
export function parseSafetensors(bytes: Uint8Array, options: LoadOptions = {}): SafetensorsFile {
  if (!isBytes(bytes)) throw new ArgumentError('parseSafetensors', 'a Uint8Array', describe(bytes))
  const size = bytes.byteLength
  const length = headerLength(bytes.subarray(0, LENGTH_BYTES), size, undefined)
  const header = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
  const { entries, metadata } = parseHeader(header, size, undefined)
  // Copied, so that the values begin where typed arrays may
  const tensors = entries.map((entry): [string, Tensor] => [
    entry.name,
    toTensor(entry, Uint8Array.from(bytes.subarray(entry.begin, entry.end)), undefined, options),
  ])
  return { tensors: Object.fromEntries(tensors), metadata }
}

async function readAt(file: FileHandle, path: string, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at)
    if (bytesRead === 0) {
      const message = `expected ${length} bytes at byte ${position}, received ${at}: the file became shorter`
      throw new DataError(message, { file: path })
    }
    at += bytesRead
  }
  return bytes
}

function toTensor(entry: Entry, bytes: Uint8Array, file: string | undefined, { device }: LoadOptions): Tensor {
  const { format, name, shape } = entry
  try {
    return fromArray(format.decode(bytes), shape, format.dtype, { device })
  } catch (error) {
    if (!(error instanceof Unrepresentable)) throw error
    const message = `tensor ${name}: expected ${format.name} values that ${format.dtype} can hold, received ${error.message}`
    throw new DataError(message, { file })
  }
}

/**
 * Writes tensors to a safetensors file, whole or not at all: until it is safely on disk, what stood there stays. The
 * values are those of the moment of the call.
 *
 * @param options.metadata texts to write along
 */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  pathArgument('saveSafetensors', path)
  const entries = snapshot(tensors)
  try {
    const header = headerOf(entries, options.metadata ?? {})
    await writeAtomically(path, async (file) => {
      await file.writeFile(header)
      for (const { tensor } of entries) {
        const { buffer, byteOffset, byteLength } = await tensor.data()
        await file.writeFile(new Uint8Array(buffer, byteOffset, byteLength))
      }
    })
  } finally {
    for (const { tensor } of entries) tensor.dispose()
  }
}

interface Snapshot {
  name: string
  tensor: Tensor
}

/** Wide dtypes first, so that every tensor is aligned. */
function snapshot(tensors: Readonly<Record<string, Tensor>>): Snapshot[] {
  const given = entriesOf('saveSafetensors', tensors)
  for (const [name, tensor] of given) {
    if (name === '__metadata__') throw new ArgumentError('saveSafetensors', 'another name', `"${name}"`)
    if (!isTensor(tensor)) throw new ArgumentError('saveSafetensors', `a tensor as ${name}`, describe(tensor))
    tensor.live('saveSafetensors')
  }
  const entries = (given as [string, Tensor][]).map(([name, tensor]) => ({
    name,
    tensor: keep(tensor.view(tensor.shape, undefined)),
  }))
  return entries.sort((a, b) => dtypeBytes[b.tensor.dtype] - dtypeBytes[a.tensor.dtype])
}

function headerOf(entries: Snapshot[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const wrong = Object.entries(metadata).find(([, value]) => typeof value !== 'string')
  if (wrong) throw new ArgumentError('saveSafetensors', `a text as metadata ${wrong[0]}`, describe(wrong[1]))
  let at = 0
  const fields = entries.map(({ name, tensor: { dtype, shape, size } }): [string, object] => {
    const begin = at
    at += size * dtypeBytes[dtype]
    return [name, { dtype: formatNames[dtype], shape, data_offsets: [begin, at] }]
  })
  const known: [string, object][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : []
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...known, ...fields])))
  const padded = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(LENGTH_BYTES + padded).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(json, LENGTH_BYTES)
  return bytes
}
