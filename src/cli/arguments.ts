/** Command lines to options; every mistake is a UsageError of one sentence. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { DAY, HOUR, WEEK } from '../data/duration.js'
import { LandbridgeError } from '../engine/errors.js'

/** The command line cannot work as written. Exit status 2. */
export class UsageError extends LandbridgeError {}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; strict: true; allowPositionals: boolean }>
>

/** Parses strictly; positionals are allowed as far as `positionals` names them. */
export function parse<T extends Options>(args: string[], options: T, positionals: readonly string[] = []): Parsed<T> {
  try {
    const parsed = parseArgs({ args, options, strict: true, allowPositionals: positionals.length > 0 })
    if (parsed.positionals.length > positionals.length) {
      throw new UsageError(`unexpected argument "${parsed.positionals[positionals.length]}"`)
    }
    return parsed
  } catch (error) {
    if (error instanceof UsageError) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new UsageError((text.split('. ')[0] ?? text).replace(/\.$/, ''))
  }
}

export function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${name} is required`)
  return value
}

export function integer(name: string, value: string | undefined, fallback: number, least = 1): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (value.trim() === '' || !Number.isSafeInteger(number) || number < least) {
    throw new UsageError(`--${name}: expected an integer of at least ${least}, received "${value}"`)
  }
  return number
}

export function choice<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === value)
  if (found === undefined) throw new UsageError(`--${name}: expected ${choices.join(', ')}, received "${value}"`)
  return found
}

export function list(value: string | undefined): string[] | undefined {
  return value?.split(',').map((each) => each.trim())
}

const units = { h: HOUR, d: DAY, w: WEEK } as const

/** `30d`, `12h` or `2w` in milliseconds. */
export function parseDuration(name: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?)([hdw])$/.exec(value)
  const amount = Number(match?.[1])
  if (match === null || !(amount > 0)) {
    throw new UsageError(`--${name}: expected a duration such as 30d, 12h or 2w, received "${value}"`)
  }
  return amount * units[match[2] as keyof typeof units]
}
