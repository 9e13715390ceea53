import type { AdaptSettings } from '../transfer/protocol/result.js'

/** Three significant digits, or all digits before the point; a dash for what is missing. */
export function number(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2)
  const digits = size === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(size)))
  return value.toFixed(digits).replace('-', '−')
}

/** Two decimals always: ratios are compared with 1. */
export const ratioText = (value: number): string => value.toFixed(2)

/** "24 hours", "7 days", "90 minutes", for a number of steps. */
export function duration(steps: number, stepMilliseconds: number): string {
  const units = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const // prettier-ignore
  const span = steps * stepMilliseconds
  // A series of hourly rows is counted in hours, even where they fill days.
  const [unit, size] = units.find(([, ms]) => stepMilliseconds % ms === 0 && span % ms === 0) ?? ['second', 1000]
  const count = span / size
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
}

/** The x axis of errors by lead: its unit, and how many of it a step is. */
export function leadUnit(stepMilliseconds: number): { unit: string; perStep: number } {
  if (stepMilliseconds % 86_400_000 === 0) return { unit: 'days', perStep: stepMilliseconds / 86_400_000 }
  return stepMilliseconds % 3_600_000 === 0
    ? { unit: 'hours', perStep: stepMilliseconds / 3_600_000 }
    : { unit: 'minutes', perStep: stepMilliseconds / 60_000 }
}

/** "PM2.5 (µg/m³)" where the unit is known. */
export const predicted = ({ predict, unit }: AdaptSettings): string => (unit ? `${predict} (${unit})` : predict)

/** "2016-05-01 12:00" of an ISO time. */
export const dateTime = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
