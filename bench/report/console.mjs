// What a person sees while the suite runs.
import { familyMeans } from './summary.mjs'
import { limitOf, machineLine, milliseconds, percent, rateOf, ratio } from './format.mjs'

/** Threads that spin suffer most from neighbours, so that a busy machine flatters those that do not. */
export const loadWarning = ({ load, cores }) =>
  load > 0.3 * cores
    ? `Other programs were using this machine (load ${load.toFixed(1)} on ${cores} cores): do not trust these ratios`
    : undefined

export function announce(machine, contestants) {
  console.log(`${machineLine(machine)}; landbridge ${machine.landbridge} (${machine.commit}); ${machine.date}`)
  for (const { label, version, absent } of contestants) {
    console.log(`  ${label.padEnd(24)}${absent === undefined ? version : `absent: ${absent}`}`)
  }
  for (const warning of [loadWarning(machine), ...contestants.map((each) => each.warning)]) {
    if (warning) console.log(`\n!!! ${warning}\n`)
  }
}

export function printRow(row) {
  const [low, high] = row.spread ?? []
  const range = low === undefined ? (row.mark ?? '') : `[${milliseconds(low)}, ${milliseconds(high)}]`
  console.log(
    `${row.name}\n    ${milliseconds(row.ms)} ms ${range}  ${rateOf(row)}, ${percent(row.fraction)} of ${limitOf(row)}`,
  )
  const peers = Object.entries(row.peers).map(([id, ms]) => `${id} ${ratio(row.ratios[id])} (${milliseconds(ms)} ms${row.marks[id] ? `, ${row.marks[id]}` : ''})`) // prettier-ignore
  if (peers.length > 0) console.log(`    ${peers.join('  ')}`)
  printAbsent(row)
}

/** With --check: who computed the same, and who did not take part. */
export function printChecked(row) {
  const agree = [row.ms === undefined ? [] : 'landbridge', Object.keys(row.peers)].flat()
  console.log(`${row.name}\n    agree: ${agree.join(', ')}; ${row.checked}`)
  printAbsent(row)
}

function printAbsent(row) {
  for (const [id, reason] of Object.entries(row.absent)) {
    if (reason) console.log(`    ${row.failed.includes(id) ? 'FAILED' : 'absent'}: ${id}: ${reason}`)
  }
}

export function printMeans(rows, ids) {
  console.log('\nGeometric means of peer time / landbridge time (number of rows):')
  for (const { name, means } of familyMeans(rows, ids)) {
    const shown = Object.entries(means)
      .filter(([, found]) => found !== undefined)
      .map(([id, { mean, rows: count }]) => `${id} ${ratio(mean)} (${count})`)
    console.log(`  ${name.padEnd(40)} ${shown.join('  ')}`)
  }
}
