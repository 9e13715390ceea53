import { randomUUID } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { DataError } from '../engine/errors.js'
import { dirname } from 'node:path'

/**
 * Writes a file whole or not at all: `write` fills a temporary file in the same folder, which takes the name only when
 * it is safely on disk. When anything fails (a full disk, say), what stood there stays and the temporary file goes.
 */
export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      await write(file)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw asDataError(path, error)
  }
  await syncFolder(dirname(path))
}

/** What the system refused, with the file's own name in place of the temporary one's. */
function asDataError(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  return new DataError(`the file cannot be written (${error.message.split(',')[0] ?? ''})`, { file })
}

/** Makes the new name durable; Windows cannot open folders, and its file systems do not need it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
