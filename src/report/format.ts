import { DAY, HOUR, MINUTE, SECOND } from '../data/duration.js'
import type { AdaptSettings } from '../transfer/protocol/result.js'

/** Three significant digits, or all digits before the point; a dash for what is missing. */
export function number(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2)
  const digits = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)))
  return value.toFixed(digits).replace('-', '−')
}

/** A standard deviation with the decimals of its mean. */
export function deviation(std: number, mean: number): string {
  const decimals = number(mean).split('.')[1]?.length ?? 0
  return number(mean).includes('e') ? number(std) : std.toFixed(decimals)
}

/** Three decimals always: ratios are compared with 1, and the interesting ones lie near it. */
export const ratioText = (value: number): string => value.toFixed(3)

/** "3.8 % less" or "1.2 % more" error, of a ratio. */
export function changeText(ratio: number): string {
  return `${(Math.abs(ratio - 1) * 100).toFixed(1)} % ${ratio < 1 ? 'less' : 'more'}`
}

/** "24 hours", "7 days", "90 minutes", for a number of steps. */
export function duration(steps: number, stepMilliseconds: number): string {
  const units = [['day', DAY], ['hour', HOUR], ['minute', MINUTE]] as const // prettier-ignore
  const span = steps * stepMilliseconds
  // A series of hourly rows is counted in hours, even where they fill days.
  const [unit, size] = units.find(([, ms]) => stepMilliseconds % ms === 0 && span % ms === 0) ?? ['second', SECOND]
  const count = span / size
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
}

/** The x axis of errors by lead: its unit, and how many of it a step is. */
export function leadUnit(stepMilliseconds: number): { unit: string; perStep: number } {
  if (stepMilliseconds % DAY === 0) return { unit: 'days', perStep: stepMilliseconds / DAY }
  return stepMilliseconds % HOUR === 0
    ? { unit: 'hours', perStep: stepMilliseconds / HOUR }
    : { unit: 'minutes', perStep: stepMilliseconds / MINUTE }
}

/** "PM2.5 (µg/m³)" where the unit is known. */
export const predicted = ({ predict, unit }: AdaptSettings): string => (unit ? `${predict} (${unit})` : predict)

/** "2016-05-01 12:00" of an ISO time. */
export const dateTime = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
