const POINTS = 'N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW'.split(' ')
const CALM = new Set(['C', 'CALM', 'CV', 'VRB', 'VARIABLE'])
const TOKENS = new Set(['wd', 'wdir', 'winddir', 'wnddir', 'winddirection', 'winddeg', 'dir', 'direction'])

/** Degrees clockwise from north of a compass point in any case; NaN for other text. */
export function compassDegrees(text: string): number {
  const at = POINTS.indexOf(text.trim().toUpperCase())
  return at < 0 ? NaN : at * 22.5
}

/** Sine and cosine of a compass point; zeros for calm or variable wind; NaN for other text and for null. */
export function compassVector(text: string | null): [number, number] {
  if (text === null) return [NaN, NaN]
  return CALM.has(text.trim().toUpperCase()) ? [0, 0] : degreesVector(compassDegrees(text))
}

export function degreesVector(degrees: number): [number, number] {
  const angle = (degrees * Math.PI) / 180
  return [Math.sin(angle), Math.cos(angle)]
}

/** Whether all levels are compass points or words for calm, and at least two are points. */
export function isCompass(levels: Iterable<string>): boolean {
  let points = 0
  for (const level of levels) {
    if (!Number.isNaN(compassDegrees(level))) points++
    else if (!CALM.has(level.trim().toUpperCase())) return false
  }
  return points > 1
}

/**
 * Whether a numeric column holds directions in degrees: its name says so (wd, wind_dir, winddirection, wind_deg, …) and
 * its values lie within 0…360 and beyond 36, up to which they could be radians or tens of degrees.
 */
export function isDegrees(name: string, values: Iterable<number>): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
  const named = words.some((word) => TOKENS.has(word)) || (words.includes('wind') && words.some((w) => /^deg/.test(w)))
  if (!named) return false
  let most = 0
  for (const value of values) {
    if (value < 0 || value > 360) return false
    if (value > most) most = value
  }
  return most > 36
}
