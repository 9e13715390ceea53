/** Every case of test/cases. */
import { readdirSync } from 'node:fs'
import type { OpCase } from './case.js'

const files = readdirSync(new URL('../cases', import.meta.url)).filter((file) => file.endsWith('.ts'))

export const cases: readonly OpCase[] = (
  await Promise.all(
    files.map((file) => import(`../cases/${file.slice(0, -3)}.ts`) as Promise<{ default: OpCase | OpCase[] }>),
  )
).flatMap((module) => module.default)
