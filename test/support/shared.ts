import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

const root = process.env.LANDBRIDGE_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))

/** The path of a file of the shared test data, or undefined (and a note) where that is absent: skip the test then. */
export function sharedPath(path: string): string | undefined {
  const full = join(root, path)
  if (existsSync(full)) return full
  console.warn(`${path} is not in ${root}: the tests that read it are skipped`)
  return undefined
}
