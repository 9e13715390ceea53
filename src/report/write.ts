import { writeAtomically } from '../io/atomic.js'
import type { AdaptResult } from '../transfer/protocol/result.js'
import { renderReport } from './report.js'

/** `--report FILE`: the page of `renderReport`. */
export async function writeReport(path: string, result: AdaptResult): Promise<void> {
  const page = await renderReport(result)
  await writeAtomically(path, (file) => file.writeFile(page))
}

/** `--json FILE`: the result as it is, readable. */
export async function writeResult(path: string, result: AdaptResult): Promise<void> {
  await writeAtomically(path, (file) => file.writeFile(JSON.stringify(result, null, 2) + '\n'))
}
