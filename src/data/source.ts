import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DataError } from '../engine/errors.js'
import { scanCsv, type CsvShape } from './csvScan.js'

/** A file that was looked at and found to be whole. Without `shape` it is Parquet. */
export interface Source {
  readonly file: string
  readonly gzip: boolean
  readonly shape?: CsvShape
}

const PARQUET = Buffer.from('PAR1')

/**
 * Reads the file once and checks it from the first to the last byte: the table reader takes a truncated gzip file for
 * a shorter one. Throws DataError for a file that is missing, a directory, unreadable, truncated or not what its name says.
 *
 * @param names of the columns of a text file without a header
 */
export async function openSource(file: string, names?: readonly string[]): Promise<Source> {
  const bytes = await read(file)
  if (bytes.length === 0) throw new DataError('the file is empty', { file })
  if (bytes.subarray(0, 4).equals(PARQUET) || /\.(parquet|parq|pq)$/i.test(file)) {
    const whole = bytes.length > 12 && bytes.subarray(0, 4).equals(PARQUET) && bytes.subarray(-4).equals(PARQUET)
    if (!whole) throw new DataError('expected a Parquet file, found one that is truncated or something else', { file })
    if (names) throw new DataError('expected a text file, to which names can be given, found a Parquet file', { file })
    return { file, gzip: false }
  }
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  if (!gzip && /\.gz$/i.test(file))
    throw new DataError('expected a gzip file as its name says, found something else', { file })
  return { file, gzip, shape: scanCsv(gzip ? await inflate(bytes, file) : bytes, file, names) }
}

async function read(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).isDirectory()) throw new DataError('expected a file, found a directory', { file })
    return await readFile(file)
  } catch (error) {
    if (error instanceof DataError || !(error instanceof Error) || !('code' in error)) throw error
    if (error.code === 'ENOENT') throw new DataError('there is no such file', { file })
    throw new DataError(`the file cannot be read (${String(error.code)})`, { file })
  }
}

async function inflate(bytes: Buffer, file: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'Z_BUF_ERROR') throw new DataError('the gzip file is truncated', { file })
    throw new DataError('the gzip file is damaged', { file })
  }
}
