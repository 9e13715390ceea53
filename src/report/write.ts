import { open, rename, rm } from 'node:fs/promises'
import type { AdaptResult } from '../transfer/protocol/result.js'
import { renderReport } from './report.js'

/** Writes a file whole or not at all: what stood there before stays until the new text is safely on disk. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** `--report FILE`: the page of `renderReport`. */
export const writeReport = async (path: string, result: AdaptResult): Promise<void> =>
  writeWhole(path, await renderReport(result))

/** `--json FILE`: the result as it is, readable. */
export const writeResult = (path: string, result: AdaptResult): Promise<void> =>
  writeWhole(path, JSON.stringify(result, null, 2) + '\n')
