/** Damaged files: what is read is either whole or a DataError; nothing hangs, crashes or asks for memory without bound. */
import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { data, DataError, io, memory, tensor } from 'landbridge'
import { tempFiles } from '../support/tempFiles.js'
import { mutated } from './mutations.js'

const file = tempFiles()

/** Reads damaged copies of `bytes`; a complaint for each that is neither read nor refused as it should be. */
async function complaints(
  bytes: Uint8Array,
  count: number,
  read: (bytes: Buffer, seed: number) => Promise<void>,
): Promise<string[]> {
  const found: string[] = []
  let refused = 0
  for (let seed = 1; seed <= count; seed++) {
    try {
      await read(mutated(bytes, seed), seed)
    } catch (error) {
      refused++
      if (!(error instanceof DataError)) found.push(`seed ${seed}: ${String(error)}`)
      else if (error.message.length > 700) found.push(`seed ${seed} is long-winded: ${error.message.slice(0, 300)}`)
    }
  }
  expect(refused).toBeGreaterThan(count / 10) // else nothing was damaged
  return found
}

async function safetensors(): Promise<Buffer> {
  const path = file('whole.safetensors', '')
  const tensors = {
    weight: tensor([[1, -2.5, 3e8]]),
    ids: tensor([1, 2, 3], { dtype: 'int32' }),
    mask: tensor([true, false]),
    none: tensor(new Float32Array(0), { shape: [0, 4] }),
  }
  await io.saveSafetensors(path, tensors, { metadata: { kind: 'test', 'a "name"': 'é' } })
  return readFileSync(path)
}

test('safetensors', async () => {
  const whole = await safetensors()
  const before = memory().liveBytes
  const found = await complaints(whole, 1500, (bytes) => {
    const { tensors } = io.parseSafetensors(bytes)
    for (const each of Object.values(tensors)) {
      expect(each.dataSync().length).toBe(each.size)
      each.dispose()
    }
    return Promise.resolve()
  })
  expect(found).toEqual([])
  expect(memory().liveBytes - before).toBeLessThan(1e6)
})

test('safetensors in files', async () => {
  const found = await complaints(await safetensors(), 150, async (bytes) => {
    const { tensors } = await io.loadSafetensors(file('damaged.safetensors', bytes))
    for (const each of Object.values(tensors)) each.dispose()
  })
  expect(found).toEqual([])
})

const csv = Buffer.from(
  'time,PM2.5,"wind, from",note\n' +
    Array.from(
      { length: 12 },
      (_, i) => `2020-01-${10 + i}T0${i % 10}:00Z,${i * 1.5},${i % 2 ? 'N' : 'SE'},"a ""b"" ${i}"\n`,
    ).join(''),
)

async function readTable(path: string): Promise<void> {
  const table = await data.readTable(path)
  expect(table.rows).toBeGreaterThan(0)
  for (const column of table.columns) expect(column.values.length).toBe(table.rows)
}

test('CSV', async () => {
  const found = await complaints(csv, 150, (bytes) => readTable(file('damaged.csv', bytes)))
  expect(found).toEqual([])
})

test('gzipped CSV', async () => {
  const found = await complaints(gzipSync(csv), 60, (bytes) => readTable(file('damaged.csv.gz', bytes)))
  expect(found).toEqual([])
})

test('Parquet', async () => {
  const path = file('whole.parquet', '')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (SELECT i AS n, i / 7 AS q, 'text ' || i AS t, TIMESTAMP '2020-01-01' + to_hours(i) AS at
     FROM range(40) r(i)) TO '${path}' (FORMAT parquet)`,
  )
  connection.closeSync()
  instance.closeSync()
  const found = await complaints(readFileSync(path), 100, (bytes) => readTable(file('damaged.parquet', bytes)))
  expect(found).toEqual([])
})
