/** Ten steps of each optimiser against its documented formula, in double precision. */
import { describe, expect, test } from 'vitest'
import { optim, type Tensor } from 'landbridge'
import { largestDifference, parameter, randomArray, setGrad } from './support.js'

type Formula = (p: number, g: number, state: { m: number; v: number; t: number }) => number

function sgd(o: {
  lr: number
  momentum?: number
  dampening?: number
  nesterov?: boolean
  weightDecay?: number
}): Formula {
  const { lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = o
  return (p, gradient, state) => {
    let g = gradient + weightDecay * p
    if (momentum !== 0) {
      state.m = state.t > 1 ? momentum * state.m + (1 - dampening) * g : g
      g = nesterov ? g + momentum * state.m : state.m
    }
    return p - lr * g
  }
}

function adam(o: { lr?: number; betas?: [number, number]; epsilon?: number; l2?: number; decay?: number }): Formula {
  const { lr = 1e-3, betas = [0.9, 0.999], epsilon = 1e-8, l2 = 0, decay = 0 } = o
  return (p, gradient, state) => {
    const start = p - lr * decay * p
    const g = gradient + l2 * p
    state.m = betas[0] * state.m + (1 - betas[0]) * g
    state.v = betas[1] * state.v + (1 - betas[1]) * g * g
    const m = state.m / (1 - betas[0] ** state.t)
    const v = state.v / (1 - betas[1] ** state.t)
    return start - (lr * m) / (Math.sqrt(v) + epsilon)
  }
}

const variants: [string, (p: Tensor[]) => { step: () => void }, Formula][] = [
  ['SGD', (p) => new optim.SGD(p, { lr: 0.1 }), sgd({ lr: 0.1 })],
  ['SGD with momentum', (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9 }), sgd({ lr: 0.05, momentum: 0.9 })],
  [
    'SGD with dampening and weight decay',
    (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 }),
    sgd({ lr: 0.05, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 }),
  ],
  [
    "SGD in Nesterov's form",
    (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.8, nesterov: true, weightDecay: 0.01 }),
    sgd({ lr: 0.05, momentum: 0.8, nesterov: true, weightDecay: 0.01 }),
  ],
  ['Adam', (p) => new optim.Adam(p), adam({})],
  [
    'Adam with options',
    (p) => new optim.Adam(p, { lr: 0.05, betas: [0.8, 0.95], epsilon: 1e-3, weightDecay: 0.1 }),
    adam({ lr: 0.05, betas: [0.8, 0.95], epsilon: 1e-3, l2: 0.1 }),
  ],
  ['AdamW', (p) => new optim.AdamW(p, { lr: 0.05 }), adam({ lr: 0.05, decay: 0.01 })],
  [
    'AdamW with options',
    (p) => new optim.AdamW(p, { lr: 0.05, betas: [0.5, 0.9], weightDecay: 0.3 }),
    adam({ lr: 0.05, betas: [0.5, 0.9], decay: 0.3 }),
  ],
]

describe.each(variants)('%s', (_, make, formula) => {
  test('ten steps follow the formula', () => {
    const sizes = [1, 37, 64, 0, 5]
    const starts = sizes.map((size, i) => randomArray(size, i + 1))
    const parameters = starts.map((start) => parameter(start))
    const optimizer = make(parameters)
    const expected = starts.map((start) => Float64Array.from(start))
    const states = sizes.map((size) => Array.from({ length: size }, () => ({ m: 0, v: 0, t: 0 })))
    for (let step = 0; step < 10; step++) {
      parameters.forEach((p, i) => {
        if (i === 4 && step < 3) return // its first gradient comes late, and its own steps count
        const g = randomArray(p.size, 100 * step + i)
        setGrad(p, g)
        expected[i]?.forEach((value, j) => {
          const state = states[i]?.[j] as { m: number; v: number; t: number }
          state.t++
          ;(expected[i] as Float64Array)[j] = formula(value, g[j] as number, state)
        })
      })
      optimizer.step()
    }
    parameters.forEach((p, i) => {
      expect(largestDifference(p.dataSync(), expected[i] as Float64Array)).toBeLessThan(5e-6)
    })
  })
})

test('more parameters than fit in one call', () => {
  const parameters = Array.from({ length: 600 }, (_, i) => parameter([i, -i]))
  const optimizer = new optim.SGD(parameters, { lr: 0.5, momentum: 0.5 })
  for (const p of parameters) setGrad(p, [1, 2])
  optimizer.step()
  optimizer.step()
  parameters.forEach((p, i) => {
    expect([...p.dataSync()]).toEqual([i - 0.5 * 2.5, -i - 2.5])
  })
})
