import { ArgumentError } from '../../engine/errors.js'

const isoDate = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?))?(Z|[+-]\d{2}:\d{2})?$/

/** Epoch milliseconds of an ISO date or date and time; without a zone it is UTC, never the machine's zone. */
export function parseInstant(text: string): number {
  const [, day, time = '00:00', zone = 'Z'] = isoDate.exec(text.trim()) ?? []
  const midnight = Date.parse(`${day}T00:00Z`)
  const instant = Date.parse(`${day}T${time}${zone}`)
  // Date.parse rolls 30 February over to March; the round trip refuses it.
  if (day === undefined || Number.isNaN(instant) || new Date(midnight).toISOString().slice(0, 10) !== day) {
    throw new ArgumentError('split', 'a date such as 2016-05-01 or 2016-05-01T12:00', `'${text}'`)
  }
  return instant
}
