/** The same networks with the same weights and batches as in PyTorch, where a Python with torch is there. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { manualSeed, nn, ops, optim, randint, randn, type Tensor } from 'landbridge'

const python = process.env.LANDBRIDGE_PYTHON ?? '/usr/bin/python3'
const present = spawnSync(python, ['-c', 'import torch']).status === 0
if (!present) console.warn(`${python} has no torch: parity with PyTorch is not tested`)

const STEPS = 20

const recurrent = (make: (options: nn.RecurrentOptions<'last'>) => nn.LSTM<'last'> | nn.GRU<'last'>) => () => ({
  model: new nn.Sequential(
    make({ in: 3, hidden: 5, layers: 2, bidirectional: true, returns: 'last' }),
    new nn.Linear(10, 2),
  ),
  x: randn([8, 6, 3]),
  y: randn([8, 2]),
  loss: ops.mseLoss,
})

// No bias before batch norm: its gradient is 0 but for rounding, which Adam turns into steps of lr in any direction; the
// norm hides them in training, and running means that lag behind show them in evaluation.
const networks = {
  mlp: () => ({
    model: new nn.Sequential(new nn.Linear(6, 16), ops.tanh, new nn.Linear(16, 2)),
    x: randn([24, 6]),
    y: randn([24, 2]),
    loss: ops.mseLoss,
  }),
  convnet: () => ({
    model: new nn.Sequential(
      new nn.Conv2d({ in: 3, out: 8, kernel: 3, padding: 1, bias: false }),
      new nn.BatchNorm(8),
      ops.relu,
      new nn.MaxPool2d({ kernel: 2 }),
      new nn.Conv2d({ in: 8, out: 12, kernel: 3, stride: 2, padding: 1, groups: 2, bias: false }),
      new nn.BatchNorm(12),
      ops.relu,
      new nn.Conv2d({ in: 12, out: 12, kernel: 1 }),
      ops.relu,
      new nn.GlobalAvgPool2d(),
      new nn.Linear(12, 5),
    ),
    x: randn([16, 12, 12, 3]),
    y: randint(0, 5, [16]),
    loss: ops.crossEntropy,
  }),
  lstm: recurrent((options) => new nn.LSTM(options)),
  gru: recurrent((options) => new nn.GRU(options)),
}

interface Case {
  optimizer: 'SGD' | 'Adam' | 'AdamW'
  options: Record<string, unknown>
  make: (parameters: Tensor[]) => optim.Optimizer
  clip?: number
}

const cases: Case[] = [
  { optimizer: 'SGD', options: { lr: 0.1 }, make: (p) => new optim.SGD(p, { lr: 0.1 }) },
  {
    optimizer: 'SGD',
    options: { lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.01 },
    make: (p) => new optim.SGD(p, { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  },
  { optimizer: 'Adam', options: { lr: 0.01 }, make: (p) => new optim.Adam(p, { lr: 0.01 }) },
  { optimizer: 'AdamW', options: { lr: 0.01 }, make: (p) => new optim.AdamW(p, { lr: 0.01 }) },
  { optimizer: 'SGD', options: { lr: 0.5 }, make: (p) => new optim.SGD(p, { lr: 0.5 }), clip: 0.1 },
]

const plain = (each: Tensor) => ({ shape: each.shape, dtype: each.dtype, values: [...each.dataSync()] })

interface Outcome {
  losses: number[]
  output: number[]
}

function train(network: keyof typeof networks, { clip, make, optimizer, options }: Case) {
  manualSeed(5)
  const { model, x, y, loss } = networks[network]()
  const weights = Object.fromEntries(Object.entries(model.stateDict()).map(([name, each]) => [name, plain(each)]))
  const job = { network, optimizer, options, steps: STEPS, clip: clip ?? null, weights, x: plain(x), y: plain(y) }
  const rule = make(model.parameters())
  const losses: number[] = []
  for (let i = 0; i < STEPS; i++) {
    rule.zeroGrad()
    const value = loss(model.call(x), y)
    value.backward()
    if (clip !== undefined) optim.clipGradNorm(model.parameters(), clip)
    rule.step()
    losses.push(value.itemSync())
  }
  return { job, outcome: { losses, output: [...model.eval().call(x).dataSync()] } }
}

function inTorch(jobs: object[]): Outcome[] {
  const script = fileURLToPath(new URL('train.py', import.meta.url))
  const { stdout, stderr, status } = spawnSync(python, [script], { input: JSON.stringify(jobs), encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Outcome[]
}

/** Relative where values are above 1. */
const largestError = (a: number[], b: number[]): number =>
  Math.max(...a.map((each, i) => Math.abs(each - (b[i] ?? NaN)) / Math.max(1, Math.abs(each))))

test.skipIf(!present).each(['mlp', 'convnet', 'lstm', 'gru'] as const)('%s trains as in PyTorch', (network) => {
  const runs = cases.map((each) => train(network, each))
  const inPyTorch = inTorch(runs.map(({ job }) => job))
  runs.forEach(({ outcome, job }, i) => {
    const name = `${job.optimizer} ${JSON.stringify(job.options)}`
    const { losses, output } = inPyTorch[i] as Outcome
    expect(losses.at(-1), name).toBeLessThan(losses[0] as number)
    expect(largestError(losses, outcome.losses), name).toBeLessThan(1e-5)
    expect(outcome.output.length).toBe(output.length)
    expect(largestError(output, outcome.output), name).toBeLessThan(1e-4)
  })
})
