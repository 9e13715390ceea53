/** Small problems for `transfer.fit`. */
import type { transfer } from 'landbridge'
import { manualSeed, nn, ops, randn, type Tensor } from 'landbridge'

export const WIDTH = 6

/** A network with dropout, so that random numbers are part of what must repeat. */
export function network({ width = 8, p = 0.2 } = {}): transfer.Model {
  const features = new nn.Sequential(new nn.Linear(WIDTH, width, { activation: 'tanh' }), new nn.Dropout(p))
  return { features, head: new nn.Linear(width, 1) }
}

/** y = 2·x₀ − x₁ + noise for x ~ N(shift, 1). */
export function rows(count: number, seed: number, { shift = 0, noise = 0.1, sign = 1 } = {}): { x: Tensor; y: Tensor } {
  manualSeed(seed)
  const x = randn([count, WIDTH]).add(shift)
  const signal = x
    .slice({ end: [count, 1] })
    .mul(2)
    .sub(x.slice({ start: [0, 1], end: [count, 2] }))
  return { x, y: signal.mul(sign).add(randn([count, 1]).mul(noise)) }
}

/** Every number of the model's state, part by part. */
export function bitsOf({ features, head }: transfer.Model): Record<string, number[]> {
  const parts = Object.entries({ features, head })
  return Object.fromEntries(
    parts.flatMap(([part, module]) =>
      Object.entries(module.stateDict()).map(([name, value]) => [`${part}.${name}`, [...value.dataSync()]]),
    ),
  )
}

export const mse = (output: Tensor, y: Tensor): Tensor => ops.mseLoss(output, y)
