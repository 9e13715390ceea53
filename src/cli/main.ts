#!/usr/bin/env node
import { LandbridgeError } from '../engine/errors.js'
import { UsageError } from './arguments.js'

const help = `landbridge: a tensor engine for Node.js with transfer learning

  landbridge adapt     carry a forecasting model from one region to another
  landbridge predict   forecast with a model that adapt saved
  landbridge demo      adapt on weather data: Seattle to New York
  landbridge doctor    what this machine has: CPU, kernels, devices, versions

"landbridge COMMAND --help" says more.
`

/** Loaded when asked for: a broken native addon must not keep `--help` from working. */
const commands: Readonly<Record<string, () => Promise<(args: string[]) => Promise<void>>>> = {
  adapt: async () => (await import('./adapt.js')).adaptCommand,
  predict: async () => (await import('./predict.js')).predictCommand,
  demo: async () => (await import('./demo.js')).demoCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
}

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help)
    return
  }
  if (name === '--version') {
    const { packageVersion } = await import('../transfer/adapt/index.js')
    process.stdout.write(`${packageVersion()}\n`)
    return
  }
  const load = commands[name]
  if (load === undefined) throw new UsageError(`expected adapt, predict, demo or doctor, received "${name}"`)
  await (
    await load()
  )(args)
}

/** One sentence for what a person did or gave; a stack only for what must not happen. */
function report(error: unknown): void {
  if (error instanceof UsageError) {
    process.stderr.write(`landbridge: ${error.message} (landbridge --help)\n`)
    process.exitCode = 2
    return
  }
  const expected = error instanceof LandbridgeError || (error instanceof Error && 'syscall' in error)
  process.stderr.write(
    `landbridge: ${expected ? (error as Error).message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exitCode = 1
}

// A reader that closes the pipe early (head) is no failure, and the files that were asked for are still written.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(1)
  })
}

await main(process.argv.slice(2)).catch(report)
