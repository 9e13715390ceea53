/** Lengths of time, in milliseconds. */
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const WEEK = 7 * DAY

const units: readonly [number, string][] = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
  [SECOND, 's'],
]

/** `1 h`, `7 d`, `15 min` of milliseconds. */
export function duration(milliseconds: number): string {
  const [size, name] = units.find(([size]) => milliseconds >= size && milliseconds % size === 0) ?? [1, 'ms']
  return `${milliseconds / size} ${name}`
}
