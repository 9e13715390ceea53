/** What cases of ops that move elements share. */
import type { Tensor } from 'landbridge'
import type { Nd } from 'landbridge/testing'
import type { Variant } from './case.js'

export const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** One variant of an op that moves elements: floats with gradients; `dtypes` gives copies in the other dtypes. */
export const variant = (
  name: string,
  shape: number[],
  run: (x: Tensor) => Tensor,
  reference: (x: Nd) => Nd,
): Variant => ({
  name,
  inputs: [{ shape }],
  run,
  reference,
  gradient: product(shape) <= 60,
})

const inDtypes = (of: Variant): Variant[] =>
  (['int32', 'uint8', 'bool'] as const).map((dtype) => ({
    ...of,
    name: `${of.name}, ${dtype}`,
    inputs: of.inputs.map((input) => ({ ...input, dtype })),
    gradient: false,
  }))

/** The first variant in every dtype, the others as they are. */
export const withDtypes = (variants: Variant[]): Variant[] => [...variants, ...inDtypes(variants[0] as Variant)]
