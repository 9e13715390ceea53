/** Everything of the public API that is no op: wrong values in every place, one at a time. */
import { expect, test } from 'vitest'
import * as lb from 'landbridge'
import { tensor, zeros, type Tensor } from 'landbridge'
import { Complaints, complaintOn } from './outcome.js'
import { nameOf, noOptions, noTensors, optionValues } from './values.js'

/** Calls `f` without the help of its types. */
const call = (f: unknown, ...args: unknown[]): unknown => (f as (...args: unknown[]) => unknown)(...args)
const make = (type: unknown, ...args: unknown[]): object => new (type as new (...args: unknown[]) => object)(...args)
const { nn, optim } = lb

const bad = (): unknown[] => [...noTensors(), ...optionValues(), ...noOptions()]
const x = (): Tensor => tensor([[1, 2, 3]], { requiresGrad: true })
const loss = (): Tensor => x().sum()
const optimizer = () => new optim.SGD([x()], { lr: 0.1 })

/** [the name that errors bear, a call with one value that may be wrong] */
const places: [string, (value: unknown) => unknown][] = [
  ['tensor', (v) => call(lb.tensor, v)],
  ['tensor', (v) => call(lb.tensor, [1, 2], v)],
  ['tensor', (v) => call(lb.tensor, [[1, 2], v])],
  ...(['shape', 'dtype', 'device', 'requiresGrad'] as const).map((key): [string, (v: unknown) => unknown] => [
    'tensor',
    (v) => call(lb.tensor, [1, 2], { [key]: v }),
  ]),
  ...(['zeros', 'ones', 'rand', 'randn'] as const).flatMap((name): [string, (v: unknown) => unknown][] => [
    [name, (v) => call(lb[name], v)],
    [name, (v) => call(lb[name], [2], v)],
    ...['dtype', 'device', 'requiresGrad'].map((key): [string, (v: unknown) => unknown] => [
      name,
      (v) => call(lb[name], [2], { [key]: v }),
    ]),
  ]),
  ['full', (v) => call(lb.full, [2], v)],
  ['full', (v) => call(lb.full, v, 1)],
  ['full', (v) => call(lb.full, [2], 1, v)],
  ['eye', (v) => call(lb.eye, v)],
  ['eye', (v) => call(lb.eye, 2, v)],
  ['arange', (v) => call(lb.arange, v)],
  ['arange', (v) => call(lb.arange, 0, v)],
  ['arange', (v) => call(lb.arange, 0, 5, v)],
  ['arange', (v) => call(lb.arange, 0, 5, { step: v })],
  ['rand', (v) => call(lb.rand, [2], { low: v })],
  ['randn', (v) => call(lb.randn, [2], { std: v })],
  ['randint', (v) => call(lb.randint, v, 5, [2])],
  ['randint', (v) => call(lb.randint, 0, v, [2])],
  ['randint', (v) => call(lb.randint, 0, 5, v)],
  ['randint', (v) => call(lb.randint, 0, 5, [2], v)],
  ['randperm', (v) => call(lb.randperm, v)],
  ['randperm', (v) => call(lb.randperm, 3, v)],
  ['manualSeed', (v) => call(lb.manualSeed, v)],
  ['setThreads', (v) => v === 1 || v === 2 || v === 99 || call(lb.setThreads, v)],
  ['loadKernels', (v) => call(lb.loadKernels, v)],
  ['tidy', (v) => typeof v === 'function' || call(lb.tidy, v)],
  ['noGrad', (v) => typeof v === 'function' || call(lb.noGrad, v)],
  ['tidy', () => lb.tidy(() => Promise.resolve(1))],
  ['noGrad', () => lb.noGrad(() => Promise.resolve(1))],
  ['keep', (v) => call(lb.keep, v)],
  ['grad', (v) => call(lb.grad, v, [x()])],
  ['grad', (v) => call(lb.grad, loss(), v)],
  ['grad', (v) => call(lb.grad, loss(), [v])],
  ['grad', (v) => call(lb.grad, loss(), [x()], v)],
  ['grad', (v) => call(lb.grad, loss(), [x()], { gradient: v })],
  ['backward', (v) => call((o: object) => loss().backward(o), v)],
  ['backward', (v) => call((gradient: Tensor) => x().mul(2).backward({ gradient }), v)],
  ['requiresGrad', (v) => Object.assign(tensor([1]), { requiresGrad: v })],
  ['defineOp', (v) => call(lb.defineOp, v, { shape: () => [], compose: () => zeros([]) })],
  ['defineOp', (v) => call(lb.defineOp, 'bad_spec', v)],
  ['Linear', (v) => make(nn.Linear, v, 2)],
  ['Linear', (v) => make(nn.Linear, 2, v)],
  ['Linear', (v) => make(nn.Linear, 2, 2, v)],
  ['Linear', (v) => make(nn.Linear, 2, 2, { activation: v })],
  ['Linear', (v) => typeof v === 'function' || make(nn.Linear, 2, 2, { initializer: v })],
  ['BatchNorm', (v) => make(nn.BatchNorm, v)],
  ['BatchNorm', (v) => make(nn.BatchNorm, 2, v)],
  ['BatchNorm', (v) => make(nn.BatchNorm, 2, { epsilon: v })],
  ['BatchNorm', (v) => make(nn.BatchNorm, 2, { momentum: v })],
  ['LayerNorm', (v) => make(nn.LayerNorm, v)],
  ['LayerNorm', (v) => make(nn.LayerNorm, 2, v)],
  ['Dropout', (v) => make(nn.Dropout, v)],
  ['Embedding', (v) => make(nn.Embedding, v, 2)],
  ['Embedding', (v) => make(nn.Embedding, 2, v)],
  ['Embedding', (v) => make(nn.Embedding, 2, 2, v)],
  ['Sequential', (v) => make(nn.Sequential, v)],
  ['Residual', (v) => make(nn.Residual, v)],
  ['Residual', (v) => typeof v === 'function' || make(nn.Residual, { body: v })],
  ['Residual', (v) => typeof v === 'function' || make(nn.Residual, { body: lb.ops.relu, shortcut: v })],
  ['Residual', (v) => make(nn.Residual, { body: lb.ops.relu, activation: v })],
  ['Conv2d', (v) => make(nn.Conv2d, { in: 2, out: 2, kernel: 1, winograd: v })],
  ['GlobalAvgPool2d', (v) => make(nn.GlobalAvgPool2d, v)],
  ...(['Conv1d', 'Conv2d', 'ConvTranspose2d'] as const).flatMap((name): [string, (v: unknown) => unknown][] => [
    [name, (v) => make(nn[name], v)],
    ...['in', 'out', 'kernel', 'stride', 'padding', 'dilation', 'groups', 'bias'].map(
      (key): [string, (v: unknown) => unknown] => [name, (v) => make(nn[name], { in: 2, out: 2, kernel: 1, [key]: v })],
    ),
  ]),
  ...(['MaxPool2d', 'AvgPool2d'] as const).flatMap((name): [string, (v: unknown) => unknown][] => [
    [name, (v) => make(nn[name], v)],
    [name, (v) => make(nn[name], { kernel: v })],
    [name, (v) => make(nn[name], { kernel: 2, stride: v })],
    [name, (v) => make(nn[name], { kernel: 2, padding: v })],
  ]),
  ['parameter', (v) => call(nn.parameter, v)],
  ['loadStateDict', (v) => call((s: object) => new nn.Linear(2, 2).loadStateDict(s as never), v)],
  ['functionalCall', (v) => call(nn.functionalCall, v, {})],
  ['functionalCall', (v) => call(nn.functionalCall, new nn.Linear(3, 2), v, x())],
  ['functionalCall', (v) => call(nn.functionalCall, new nn.Linear(3, 2), { weight: v }, x())],
  ...(['SGD', 'Adam', 'AdamW'] as const).flatMap((name): [string, (v: unknown) => unknown][] => [
    [name, (v) => make(optim[name], v, { lr: 0.1 })],
    [name, (v) => make(optim[name], [v], { lr: 0.1 })],
    [name, (v) => make(optim[name], [{ parameters: v }], { lr: 0.1 })],
    [name, (v) => make(optim[name], [x()], v)],
    ...['lr', 'weightDecay'].map((key): [string, (v: unknown) => unknown] => [
      name,
      (v) => make(optim[name], [x()], { lr: 0.1, [key]: v }),
    ]),
  ]),
  ['Adam', (v) => make(optim.Adam, [x()], { betas: v })],
  ['clipGradNorm', (v) => call(optim.clipGradNorm, v, 1)],
  ['clipGradNorm', (v) => call(optim.clipGradNorm, [v], 1)],
  ['clipGradNorm', (v) => call(optim.clipGradNorm, [x()], v)],
  ['schedule.step', (v) => call(optim.schedule.step, optimizer(), v)],
  ['schedule', (v) => call(optim.schedule.step, v, { stepSize: 2 })],
  ['schedule.step', (v) => call(optim.schedule.step, optimizer(), { stepSize: v })],
  ['schedule.cosine', (v) => call(optim.schedule.cosine, optimizer(), { totalSteps: v })],
  ['schedule.exponential', (v) => call(optim.schedule.exponential, optimizer(), { gamma: v })],
  ['schedule.linearWarmup', (v) => call(optim.schedule.linearWarmup, optimizer(), { totalSteps: v })],
  ['schedule.oneCycle', (v) => call(optim.schedule.oneCycle, optimizer(), { maxLr: v, totalSteps: 5 })],
  ['schedule.lambda', (v) => typeof v === 'function' || call(optim.schedule.lambda, optimizer(), v)],
]

const names = [...new Set(places.map(([name]) => name))]

test.each(names)('%s', (name) => {
  const complaints = new Complaints()
  places.forEach(([op, run], i) => {
    if (op !== name) return
    for (const value of bad()) complaints.checkError(`${nameOf(value)} in place ${i}`, op, () => run(value))
  })
  complaints.expectNone()
})

test('ready takes a device that is there', async () => {
  for (const value of ['tpu', 'cuda', null, 5, {}, Symbol('s')]) {
    const error: unknown = await (call(lb.ready, value) as Promise<unknown>).catch((reason: unknown) => reason)
    expect([value, complaintOn('ready', error)]).toEqual([value, undefined])
    expect(error).toBeInstanceOf(Error)
  }
})

test('to takes a tensor, and a device that is there', () => {
  const complaints = new Complaints()
  for (const value of ['tpu', 'cuda', null, undefined, 5, {}, Symbol('s')]) {
    complaints.checkError(`${nameOf(value)} as the device`, 'to', () => call(lb.ops.to, lb.tensor([1]), value))
  }
  for (const value of [null, undefined, 5, {}, 'cpu']) {
    complaints.checkError(`${nameOf(value)} as the tensor`, 'to', () => call(lb.ops.to, value, 'cpu'))
  }
  complaints.expectNone()
})
