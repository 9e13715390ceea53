/** What JSON can hold, and NaN, infinities and undefined properties besides. */
export type Json = number | string | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json }

const MARK = '$number'

/** JSON text in which every number survives: NaN, ±Infinity and −0 are marked objects. */
export function stringify(value: Json): string {
  return JSON.stringify(value, (_, each: unknown) => {
    const special = typeof each === 'number' && (!Number.isFinite(each) || Object.is(each, -0))
    return special ? { [MARK]: Object.is(each, -0) ? '-0' : String(each) } : each
  })
}

/** The inverse of `stringify`. Throws SyntaxError. */
export function parse(text: string): Json {
  return JSON.parse(text, (_, each: unknown) => {
    const marked = typeof each === 'object' && each !== null && MARK in each
    return marked ? Number(each[MARK]) : each
  }) as Json
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
