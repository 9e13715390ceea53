import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError, io, memory, tensor, type Tensor } from 'landbridge'
import { writeAtomically } from '../../src/io/atomic.js'
import { messageOf } from '../support/message.js'
import { sharedPath } from '../support/shared.js'
import { tempFiles } from '../support/tempFiles.js'

const folder = mkdtempSync(join(tmpdir(), 'landbridge-io-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = tempFiles()

/** A file from a header (an object, or its text) and bytes. */
function file(header: unknown, bytes: Uint8Array | number = 0, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const values = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes
  const whole = new Uint8Array(8 + json.length + values.length)
  new DataView(whole.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true)
  whole.set(json, 8)
  whole.set(values, 8 + json.length)
  return whole
}
const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] })
const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
const parse = (header: unknown, bytes?: Uint8Array | number, claimed?: bigint) =>
  messageOf(() => io.parseSafetensors(file(header, bytes, claimed)))

describe('round trip', () => {
  test('all dtypes, shapes and names come back', async () => {
    const path = join(folder, 'all.safetensors')
    const tensors: Record<string, Tensor> = {
      mask: tensor([true, false, true]),
      'a.weight': tensor([[1.5, -0, NaN], [Infinity, 3e-45, -7]]), // prettier-ignore
      scalar: tensor(4),
      empty: tensor([], { shape: [0, 3] }),
      bytes: tensor(new Uint8Array([0, 255])),
      whole: tensor(new Int32Array([-2147483648, 2147483647])),
      '7': tensor([7]),
      __proto__x: tensor([8]),
      'naïve "name"': tensor([9]),
    }
    await io.saveSafetensors(path, tensors, { metadata: { format: 'pt', note: 'ü' } })
    const loaded = await io.loadSafetensors(path)
    expect(loaded.metadata).toEqual({ format: 'pt', note: 'ü' })
    expect(Object.keys(loaded.tensors).sort()).toEqual(Object.keys(tensors).sort())
    for (const [name, each] of Object.entries(tensors)) {
      const back = loaded.tensors[name] as Tensor
      expect([name, back.dtype, back.shape]).toEqual([name, each.dtype, [...each.shape]])
      expect(bytesOf(back.dataSync())).toEqual(bytesOf(each.dataSync()))
    }
    expect(Object.keys(io.parseSafetensors(readFileSync(path)).tensors).length).toBe(9)
  })

  test('the values are those of the call, and nothing stays behind', async () => {
    const path = join(folder, 'moment.safetensors')
    const before = memory().liveBuffers
    const x = tensor([1, 2])
    const saved = io.saveSafetensors(path, { x })
    x.dispose()
    await saved
    expect(memory().liveBuffers).toBeLessThanOrEqual(before) // older garbage may go meanwhile
    expect((await io.loadSafetensors(path)).tensors.x?.toArraySync()).toEqual([1, 2])
  })

  test('values begin at multiples of eight bytes where the file needs it', async () => {
    const path = join(folder, 'aligned.safetensors')
    await io.saveSafetensors(path, { a: tensor([true]), b: tensor([1]) })
    const bytes = readFileSync(path)
    expect(Number(bytes.readBigUInt64LE(0)) % 8).toBe(0)
    expect(JSON.parse(bytes.subarray(8, -5).toString())).toEqual({
      b: f32([1], 0, 4),
      a: { dtype: 'BOOL', shape: [1], data_offsets: [4, 5] },
    })
  })
})

describe('conversion', () => {
  const one = (dtype: string, values: ArrayBufferView, count: number) =>
    file({ x: { dtype, shape: [count], data_offsets: [0, values.byteLength] } }, bytesOf(values))
  const values = (dtype: string, from: ArrayBufferView, count: number) =>
    Array.from(io.parseSafetensors(one(dtype, from, count)).tensors.x?.dataSync() ?? [])

  test('half precision', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0xfe00, 0x3555])
    const expected = [1, -2, 65504, 2 ** -14, 2 ** -24, -0, Infinity, NaN, 0.333251953125]
    expect(values('F16', halves, 9)).toEqual(expected)
  })
  test('brain floats', () => {
    expect(values('BF16', new Uint16Array([0x3f80, 0xc040, 0x7f80, 0x0001]), 4)).toEqual([1, -3, Infinity, 2 ** -133])
  })
  test('doubles and integers', () => {
    expect(values('F64', new Float64Array([0.1, -2, NaN, Infinity]), 4)).toEqual([Math.fround(0.1), -2, NaN, Infinity])
    expect(values('I64', new BigInt64Array([-1n, 2147483647n, -2147483648n]), 3)).toEqual([-1, 2147483647, -2147483648])
    expect(values('U64', new BigUint64Array([0n, 2147483647n]), 2)).toEqual([0, 2147483647])
    expect(values('U32', new Uint32Array([2147483647]), 1)).toEqual([2147483647])
    expect(values('I16', new Int16Array([-32768]), 1)).toEqual([-32768])
    expect(values('U16', new Uint16Array([65535]), 1)).toEqual([65535])
    expect(values('I8', new Int8Array([-128, 127]), 2)).toEqual([-128, 127])
  })
  test.each([
    ['I64', new BigInt64Array([1n, 2147483648n]), 'int32', '2147483648'],
    ['I64', new BigInt64Array([1n, -2147483649n]), 'int32', '-2147483649'],
    ['U64', new BigUint64Array([1n, 18446744073709551615n]), 'int32', '18446744073709551615'],
    ['U64', new BigUint64Array([1n, 2147483648n]), 'int32', '2147483648'],
    ['U32', new Uint32Array([1, 4294967295]), 'int32', '4294967295'],
    ['F64', new Float64Array([1, -1e39]), 'float32', '-1e+39'],
    ['BOOL', new Uint8Array([1, 2]), 'bool', '2'],
  ])('refuses %s values that do not fit', (dtype, from, into, value) => {
    expect(messageOf(() => io.parseSafetensors(one(dtype, from, 2)))).toBe(
      `tensor x: expected ${dtype} values that ${into} can hold, received ${value}`,
    )
  })
})

describe('broken files', () => {
  const cases: [string, string, string][] = [
    ['an empty file', messageOf(() => io.parseSafetensors(new Uint8Array(0))), 'expected a safetensors file, received one of 0 bytes'],
    ['a header longer than the file', parse({}, 0, 1n << 60n), `expected a header within the 10 bytes of the file, received a header of ${1n << 60n} bytes`],
    ['text', parse('hello'), 'expected a header of JSON in UTF-8, received bytes that are not ('],
    ['a list', parse('[1]'), 'expected a JSON object as header, received [1]'],
    ['a name twice', parse('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), 'expected each name once, received "a" twice'],
    ['metadata of numbers', parse({ __metadata__: { a: 1 } }), 'expected texts as __metadata__, received an object with a'],
    ['no object', parse({ a: 3 }), 'tensor a: expected an object with dtype, shape and data_offsets, received 3'],
    ['another dtype', parse({ a: { ...f32([1], 0, 1), dtype: 'F8_E4M3' } }, 1), 'tensor a: expected a dtype among F32, F64, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, received "F8_E4M3"'],
    ['a negative size', parse({ a: f32([-1], 0, 4) }, 4), 'tensor a: expected a shape of at most 8 integers ≥ 0, received [-1]'],
    ['nine axes', parse({ a: f32([1, 1, 1, 1, 1, 1, 1, 1, 1], 0, 4) }, 4), 'tensor a: expected a shape of at most 8 integers ≥ 0, received [1, 1, 1, 1, 1, 1, 1, 1, …]'],
    ['one offset', parse({ a: { ...f32([1], 0, 4), data_offsets: [0] } }, 4), 'tensor a: expected two data_offsets, received [0]'],
    ['offsets past the end', parse({ a: f32([2], 0, 8) }, 4), 'tensor a: expected data_offsets in order and up to 4, received [0, 8]'],
    ['offsets in reverse', parse({ a: f32([1], 4, 0) }, 4), 'tensor a: expected data_offsets in order and up to 4, received [4, 0]'],
    ['a shape that lies', parse({ a: f32([3], 0, 4) }, 4), 'tensor a: expected 12 bytes for F32 [3], received 4'],
    ['a shape whose product overflows', parse({ a: f32([2 ** 52, 2 ** 52, 2 ** 52], 0, 4) }, 4), `tensor a: expected ${2 ** 156 * 4} bytes for F32 [${2 ** 52}, ${2 ** 52}, ${2 ** 52}], received 4`],
    ['an overlap', parse({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), 'tensor b: expected its values to begin at byte 8, received 4, an overlap with another tensor'],
    ['a hole', parse({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), 'tensor b: expected its values to begin at byte 4, received 8, a hole'],
    ['bytes left over', parse({ a: f32([1], 0, 4) }, 9), 'expected 4 bytes of values, received 9'],
  ] // prettier-ignore
  test.each(cases)('%s', (_, message, expected) => {
    if (expected.endsWith('(')) expect(message.startsWith(expected)).toBe(true)
    else expect(message).toBe(expected)
  })

  test('the file is named', async () => {
    const path = write('broken.safetensors', file({ a: f32([3], 0, 4) }, 4))
    const failure = await io.loadSafetensors(path).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(DataError)
    expect((failure as DataError).message).toBe(`${path}: tensor a: expected 12 bytes for F32 [3], received 4`)
    await expect(io.loadSafetensors(join(folder, 'none'))).rejects.toThrow(DataError)
  })

  test('every cut of a good file is refused', () => {
    const good = file({ a: f32([2], 0, 8), b: { dtype: 'U8', shape: [3], data_offsets: [8, 11] } }, 11)
    for (let length = 0; length < good.length; length++) {
      expect(() => io.parseSafetensors(good.subarray(0, length))).toThrow(DataError)
    }
    expect(Object.keys(io.parseSafetensors(good).tensors)).toEqual(['a', 'b'])
  })

  test('a tensor that cannot be converted leaves none of the others behind', async () => {
    const entries = { a: f32([1], 0, 4), b: { dtype: 'BOOL', shape: [1], data_offsets: [4, 5] } }
    const path = write('half.safetensors', file(entries, new Uint8Array([0, 0, 0, 0, 9])))
    const before = memory().liveBuffers
    await expect(io.loadSafetensors(path)).rejects.toThrow('tensor b')
    expect(memory().liveBuffers).toBeLessThanOrEqual(before) // older garbage may go meanwhile
  })
})

describe('writing', () => {
  test('a failure leaves the old file whole and no other', async () => {
    const path = join(folder, 'old.safetensors')
    await io.saveSafetensors(path, { x: tensor([1]) })
    const [old, names] = [readFileSync(path), readdirSync(folder)]
    const failing = writeAtomically(path, async (handle) => {
      await handle.writeFile('half of it')
      throw new Error('disk full')
    })
    await expect(failing).rejects.toThrow('disk full')
    expect(readFileSync(path)).toEqual(old)
    expect(readdirSync(folder)).toEqual(names)
  })

  test('a folder that is not there is reported', async () => {
    await expect(io.saveSafetensors(join(folder, 'no', 'such', 'folder'), {})).rejects.toThrow('ENOENT')
  })

  test('saves at one time to one path both succeed', async () => {
    const path = join(folder, 'both.safetensors')
    await Promise.all([1, 2].map((value) => io.saveSafetensors(path, { x: tensor([value]) })))
    expect([1, 2]).toContain((await io.loadSafetensors(path)).tensors.x?.itemSync())
  })

  test.each([
    [
      'a reserved name',
      { __metadata__: tensor([1]) },
      'saveSafetensors: expected another name, received "__metadata__"',
    ],
    ['no tensor', { x: 3 as never }, 'saveSafetensors: expected a tensor as x, received 3'],
  ])('refuses %s', async (_, tensors, message) => {
    await expect(io.saveSafetensors(join(folder, 'x'), tensors)).rejects.toThrow(message)
  })
})

describe.each(['cifar10-resnet/resnet20-12fca82f', 'cifar10-resnet/resnet56-4bfd9763', 'squeezenet1_1/squeezenet1_1'])(
  '%s',
  (name) => {
    const path = sharedPath(`weights/${name}.safetensors`)
    test.skipIf(path === undefined)('loads, with the values that the bytes say', async () => {
      const bytes = readFileSync(path as string)
      const start = 8 + Number(bytes.readBigUInt64LE(0))
      const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
        string,
        { shape: number[]; dtype: string; data_offsets: [number, number] }
      >
      const { tensors } = await io.loadSafetensors(path as string)
      const names = Object.keys(header).filter((each) => each !== '__metadata__')
      expect(Object.keys(tensors)).toEqual(names)
      for (const each of names.filter((each) => header[each]?.dtype === 'F32')) {
        const entry = header[each]
        const values = tensors[each]?.dataSync() as Float32Array
        expect(tensors[each]?.shape).toEqual(entry?.shape)
        const at = start + (entry?.data_offsets[0] as number)
        expect([values[0], values.at(-1)]).toEqual([
          bytes.readFloatLE(at),
          bytes.readFloatLE(at + 4 * values.length - 4),
        ])
      }
      expect(names.length).toBeGreaterThan(50)
    })
  },
)
