// Every result is checked before it is timed: against values computed here in double precision, where a row says how,
// and in full against the first contestant that passed.

const largest = (values) => {
  let top = 0
  for (let i = 0; i < values.length; i++) top = Math.max(top, Math.abs(values[i]))
  return top
}

/** max|y − ref| / scale; NaN and a wrong length are infinitely far. `at`: the elements that `expected` is about. */
function distance(actual, expected, scale, at) {
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[at ? at[i] : i] - expected[i])
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference
  }
  return worst === 0 ? 0 : worst / Math.max(scale, 1e-30)
}

/** |y − ref| / |ref| in the Euclidean norm. */
function meanDistance(actual, expected) {
  let [difference, size] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2
    size += expected[i] ** 2
  }
  return Math.sqrt(difference / Math.max(size, 1e-60))
}

/** Decides whether results of one row are right. */
export class Judge {
  #row
  #reference
  #trusted
  #passed = 0

  constructor(row, inputs) {
    this.#row = row
    this.#reference = row.reference?.(inputs)
  }

  /** What results are compared with. */
  get basis() {
    const { reference, tolerances } = this.#row
    const samples = this.#reference?.map((part) => part?.at.length ?? 0).reduce((a, b) => a + b, 0)
    const others = this.#passed > 1 ? this.#trusted.id : 'nothing at this batch: nobody else ran it'
    const first = reference ? `${samples} elements in double precision` : others
    return `${first}; max|y − ref| ≤ ${tolerances.join(', ')} · scale`
  }

  /**
   * Throws unless every part of the result is within its tolerance. Gives the largest error found, as a share of it.
   *
   * @param reduced what is allowed to results in another precision, which serve no other contestant as reference:
   *   `tolerances`; and `mean`: distances from another contestant are Euclidean
   */
  check(id, parts, reduced) {
    const tolerances = reduced?.tolerances ?? this.#row.tolerances
    if (parts.length !== tolerances.length) throw new Error(`${id} gave ${parts.length} results`)
    const errors = parts.map((part, i) => {
      const exact = this.#reference?.[i]
      const scale = exact?.scale ?? largest(this.#trusted?.parts[i] ?? part)
      const full = this.#fullError(part, i, scale, reduced?.mean) / (exact ? 2 : 1)
      return Math.max(this.#sampledError(part, i), full) / tolerances[i]
    })
    const worst = Math.max(...errors)
    if (!(worst <= 1)) {
      const shares = errors.map((each, i) => (each * tolerances[i]).toExponential(1)).join(', ')
      throw new Error(`wrong: differs from the reference by ${shares} (allowed: ${tolerances.join(', ')})`)
    }
    this.#passed++
    if (reduced === undefined) this.#trusted ??= { id, parts: parts.map((part) => part.slice()) }
    return worst
  }

  #sampledError(part, i) {
    const exact = this.#reference?.[i]
    if (exact === undefined) return 0
    return part.length === exact.size ? distance(part, exact.expected, exact.scale, exact.at) : Infinity
  }

  #fullError(part, i, scale, mean) {
    const trusted = this.#trusted?.parts[i]
    if (trusted === undefined) return largest(part) < Infinity ? 0 : Infinity
    if (part.length !== trusted.length) return Infinity
    return mean ? meanDistance(part, trusted) : distance(part, trusted, scale)
  }
}
