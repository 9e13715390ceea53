/** Files that examples read from ../shared (or LANDBRIDGE_SHARED) where that is there. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = process.env.LANDBRIDGE_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))

/** The path, or undefined where the file is absent. */
export function sharedFile(path: string): string | undefined {
  const full = join(root, path)
  return existsSync(full) ? full : undefined
}
