// What a person sees while the device benchmark runs.
import { milliseconds, percent, ratio } from '../report/format.mjs'
import { ratiosOf, sidesOf } from './summary.mjs'

export function printHead({ machine, landbridge, torch }) {
  console.log(`landbridge ${machine.version} (${machine.commit}) on ${landbridge.version}; ${machine.date}`)
  console.log(`PyTorch ${torch.version ?? `absent: ${torch.absent}`}`)
}

function printPrecision(row, precision) {
  const { own, libraries, eager, compiled } = sidesOf(row, precision)
  const ratios = ratiosOf(row, precision)
  const parts = [
    own && `own ${milliseconds(own.ms)} ms, ${percent(own.fraction)} of the roofline`,
    libraries && `libraries ${milliseconds(libraries.ms)} ms`,
    eager && `PyTorch ${milliseconds(eager.ms)} ms (${ratio(ratios.own)} of own)`,
    compiled && `compiled ${milliseconds(compiled.ms)} ms`,
  ].filter(Boolean)
  if (parts.length > 0) console.log(`    ${precision.padEnd(9)} ${parts.join('; ')}`)
}

export function printRow(row) {
  console.log(row.name)
  for (const precision of ['float32', 'tf32', 'bfloat16']) printPrecision(row, precision)
  for (const { id, absent, failed } of row.entries) {
    if (absent) console.log(`    ${failed ? 'FAILED' : 'absent'}: ${id}: ${absent}`)
  }
}
