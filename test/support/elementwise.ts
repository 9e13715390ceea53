/** Variants that every elementwise op of one tensor is tried with, and plain references of special functions. */
import type { Tensor } from 'landbridge'
import type { Nd } from 'landbridge/testing'
import { opCase, type ErrorCase, type OpCase, type Variant } from './case.js'

/** f at every element. */
export const mapped =
  (f: (x: number) => number) =>
  (x: Nd): Nd => ({ shape: x.shape, data: x.data.map((value) => f(value)) })

export interface Elementwise {
  op: ((x: Tensor) => Tensor) & { opName: string }
  f: (x: number) => number
  /** Where gradients are checked; away from kinks and poles. */
  range?: readonly [number, number]
  /** Instead of a range. */
  values?: readonly number[]
  gradient?: boolean
  covers?: readonly string[]
  more?: readonly Variant[]
  errors?: readonly ErrorCase[]
}

/** 21 values on both sides of 0, none within 0.1 of it nor within 0.04 of a multiple of ½. */
export const awayFromKinks = Array.from({ length: 21 }, (_, i) => (i % 2 === 0 ? 1 : -1) * (0.13 + 0.5 * (i % 5)))

export const special = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-40, 1, -1, 0.5, 1.5, -2.5, 7]

export function elementwiseCase({ op, f, range, values, gradient, covers, more, errors }: Elementwise): OpCase {
  const rest = { run: (x: Tensor) => op(x), reference: mapped(f), gradient }
  return opCase({
    op: op.opName,
    covers,
    errors,
    variants: [
      { name: 'a matrix', inputs: [{ shape: [3, 7], range, values }], ...rest },
      { name: 'a scalar', inputs: [{ shape: [], range, values: values?.slice(0, 1) }], ...rest },
      { name: 'empty', inputs: [{ shape: [0, 3] }], ...rest },
      {
        name: 'special values',
        inputs: [{ shape: [special.length], values: special }],
        ...rest,
        reference: mapped((x) => Math.fround(f(x))),
        gradient: false,
      },
      ...(more ?? []),
    ],
  })
}

/** erf in double precision: its Taylor series up to 3, beyond 1 − the continued fraction of erfc. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN
  const a = Math.abs(x)
  return Math.sign(x) * (a < 3 ? erfSeries(a) : 1 - erfcFraction(a))
}

function erfSeries(x: number): number {
  let [term, total] = [x, x]
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (-x * x) / n
    total += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * total
}

/** erfc(x) = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + …))), evaluated from the 60th term inwards. */
function erfcFraction(x: number): number {
  if (x > 27) return 0
  let tail = x
  for (let k = 60; k >= 1; k--) tail = x + k / 2 / tail
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail)
}

/** To the nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x)
  if (x - down !== 0.5) return Math.round(x)
  const even = down % 2 === 0 ? down : down + 1
  return even === 0 && x < 0 ? -0 : even
}
