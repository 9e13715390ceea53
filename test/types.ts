/** What the types allow and forbid. `npm run typecheck` is the test: nothing here runs. */
import { arange, defineOp, nn, ops, optim, rand, tensor, transfer, zeros, type Tensor } from 'landbridge'

/** Accepts a value of exactly type T. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
const exactly =
  <T>() =>
  <U>(value: U, same: Same<T, U>): [U, boolean] => [value, same]

const x = rand([4, 3])
const y = rand([4, 1])
const model: transfer.Model = { features: new nn.Linear(3, 2), head: new nn.Linear(2, 1) }
const common = { model, loss: (output: Tensor, truth: Tensor): Tensor => ops.mseLoss(output, truth) }

export async function tensorsCarryTheirDtype() {
  exactly<Float32Array>()(await tensor([1, 2]).data(), true)
  exactly<Int32Array>()(await tensor([1, 2], { dtype: 'int32' }).data(), true)
  exactly<Int32Array>()(tensor(new Int32Array(2)).dataSync(), true)
  exactly<Uint8Array>()(tensor([true, false]).dataSync(), true)
  exactly<Uint8Array>()(tensor(new Uint8Array(2)).dataSync(), true)
  exactly<Int32Array>()(zeros([2], { dtype: 'int32' }).dataSync(), true)
  exactly<Int32Array>()(ops.cast(x, { dtype: 'int32' }).dataSync(), true)
  exactly<Int32Array>()(x.argMax().dataSync(), true)
  exactly<Uint8Array>()(x.greater(0).dataSync(), true)
  exactly<Float32Array>()(ops.softmax(x).dataSync(), true)
  exactly<number>()(await x.item(), true)
  // @ts-expect-error no such dtype
  tensor([1], { dtype: 'float64' })
  // @ts-expect-error no such device
  tensor([1], { device: 'tpu' })
  // @ts-expect-error text is no value
  tensor(['1'])
  // @ts-expect-error floats are no integers
  const integers: Tensor<'int32'> = tensor([1.5])
  // @ts-expect-error a shape is an array
  zeros(3)
  // @ts-expect-error nor are zeros, unless told
  const none: Tensor<'int32'> = zeros([2])
  return [integers, none, arange(3)]
}

export function unknownOptionsAreRefused() {
  ops.sum(x, { axis: 0, keepDims: true })
  // @ts-expect-error axis, not axes
  ops.sum(x, { axes: 0 })
  // @ts-expect-error also in a chain
  x.sum({ keepdims: true })
  // @ts-expect-error a number belongs here
  ops.sum(x, { keepDims: 1 })
  // @ts-expect-error one of two words
  ops.mmd(x, x, { estimator: 'median' })
  // @ts-expect-error not the twin's name
  ops.conv2d(rand([1, 4, 4, 1]), rand([3, 3, 1, 1]), { strides: 2 })
  // @ts-expect-error an activation that there is not
  new nn.Linear(3, 2, { activation: 'swish' })
  // @ts-expect-error lr, not learningRate
  new optim.SGD([], { learningRate: 0.1 })
  // @ts-expect-error no weight decay of that name
  new optim.Adam([], { lr: 0.1, decay: 1 })
  // @ts-expect-error the second operand is missing
  ops.add(x)
}

export function attributesOfAnOpAreInferred() {
  const scale = defineOp('types-scale', {
    attrs: { factor: 2, mode: 'up' as 'up' | 'down', sizes: [] as readonly number[] },
    shape: ([a], attrs) => {
      exactly<{ factor: number; mode: 'up' | 'down'; sizes: readonly number[] }>()(attrs, true)
      return a.shape
    },
    compose: ([a], { factor }) => a.mul(factor),
  })
  exactly<Tensor<'float32'>>()(scale(x, { factor: 3, mode: 'down' }), true)
  // @ts-expect-error a number
  scale(x, { factor: '3' })
  // @ts-expect-error one of two words
  scale(x, { mode: 'sideways' })
  // @ts-expect-error no such option
  scale(x, { weight: 3 })

  const pair = defineOp('types-pair', {
    inputs: ['a', 'b', 'c?'],
    shape: ([a, b, c]) => {
      exactly<Tensor>()(b, true)
      exactly<Tensor | undefined>()(c, true)
      return a.shape
    },
    compose: ([a, b]) => a.add(b),
  })
  pair(x, x)
  pair(x, 2, x)
  // @ts-expect-error b is required
  pair(x)
}

export async function targetLabelsAreForbiddenForAlignmentsAndRequiredForTunings() {
  const { align, fit, tune } = transfer
  await fit({ ...common, source: { x, y } })
  await fit({ ...common, source: { x, y }, target: { x }, method: align.mmd() })
  await fit({ ...common, target: { x, y }, method: tune.finetune({ labels: 2 }) })
  await fit({ ...common, source: { x, y }, target: { x, y }, method: tune.frozen() })
  // @ts-expect-error an alignment must not see target labels
  await fit({ ...common, source: { x, y }, target: { x, y }, method: align.mmd() })
  // @ts-expect-error nor one of a user's own
  await fit({ ...common, source: { x, y }, target: { x, y }, method: { parameters: () => [], loss: () => x.sum() } })
  // @ts-expect-error a tuning needs them
  await fit({ ...common, target: { x }, method: tune.finetune() })
  // @ts-expect-error an alignment needs a target
  await fit({ ...common, source: { x, y }, method: align.coral() })
  // @ts-expect-error and a source with labels
  await fit({ ...common, source: { x }, target: { x }, method: align.coral() })
  // @ts-expect-error without a method the target would be ignored
  await fit({ ...common, source: { x, y }, target: { x } })
  // @ts-expect-error no such option
  await fit({ ...common, source: { x, y }, learningRate: 0.1 })
  // @ts-expect-error methods are objects
  await fit({ ...common, source: { x, y }, target: { x }, method: 'mmd' })
  // @ts-expect-error no such option of mmd
  align.mmd({ lambda: 1 })
  // @ts-expect-error no such option of finetune
  tune.finetune({ epochs: 1 })
}
