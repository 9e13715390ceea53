// Residual networks of basic blocks (He et al. 2016), described once. Weights carry torchvision's names and lie as
// [kh, kw, C, F] and [in, out]; every library builds the same network from them.
import { uniform } from '../values.mjs'

const stages = (widths, blocks) =>
  widths.flatMap((out, stage) =>
    Array.from({ length: blocks }, (_, i) => {
      const into = i > 0 || stage === 0 ? out : widths[stage - 1]
      return {
        name: `layer${stage + 1}.${i}`,
        into,
        out,
        stride: i > 0 || stage === 0 ? 1 : 2,
        projected: into !== out,
      }
    }),
  )

export const resnet18 = {
  image: [224, 224, 3],
  stem: { kernel: 7, stride: 2, out: 64, pool: true },
  blocks: stages([64, 128, 256, 512], 2),
  features: 512,
  classes: 1000,
}

/** The network for 32 x 32 pictures, with projections where a block widens. */
export const resnet20 = {
  image: [32, 32, 3],
  stem: { kernel: 3, stride: 1, out: 16, pool: false },
  blocks: stages([16, 32, 64], 3),
  features: 64,
  classes: 10,
}

/** Every convolution with the name of its batch norm: { name, norm, kernel, stride, into, out }. */
export function convolutionsOf({ stem, blocks, image }) {
  const first = { name: 'conv1', norm: 'bn1', kernel: stem.kernel, stride: stem.stride, into: image[2], out: stem.out }
  return [first, ...blocks.flatMap(blockConvolutions)]
}

/** The two convolutions of a block, and the projection of its shortcut if it has one. */
export function blockConvolutions({ name, into, out, stride, projected }) {
  const main = [
    { name: `${name}.conv1`, norm: `${name}.bn1`, kernel: 3, stride, into, out },
    { name: `${name}.conv2`, norm: `${name}.bn2`, kernel: 3, stride: 1, into: out, out },
  ]
  if (!projected) return main
  return [...main, { name: `${name}.downsample.0`, norm: `${name}.downsample.1`, kernel: 1, stride, into, out }]
}

/** Inputs of a row: name → values. He's initialisation, and running statistics as training leaves them. */
export function weightInputs(network) {
  const inputs = {}
  for (const { name, norm, kernel, into, out } of convolutionsOf(network)) {
    const bound = Math.sqrt(6 / (kernel * kernel * into))
    inputs[`${name}.weight`] = uniform([kernel, kernel, into, out], -bound, bound)
    inputs[`${norm}.weight`] = uniform([out], 0.8, 1.2)
    inputs[`${norm}.bias`] = uniform([out], -0.1, 0.1)
    inputs[`${norm}.running_mean`] = uniform([out], -0.2, 0.2)
    inputs[`${norm}.running_var`] = uniform([out], 0.8, 1.2)
  }
  const bound = 1 / Math.sqrt(network.features)
  inputs['fc.weight'] = uniform([network.features, network.classes], -bound, bound)
  inputs['fc.bias'] = uniform([network.classes], -bound, bound)
  return inputs
}

/** Multiply-adds of the convolutions and the last product, counted as two operations, of one picture. */
export function flopOf(network) {
  let size = network.image[0]
  let total = 0
  const add = ({ kernel, into, out }, side) => (total += 2 * side * side * kernel * kernel * into * out)
  const [first] = convolutionsOf(network)
  size /= first.stride
  add(first, size)
  if (network.stem.pool) size /= 2
  for (const block of network.blocks) {
    size /= block.stride
    for (const each of blockConvolutions(block)) add(each, size)
  }
  return total + 2 * network.features * network.classes
}
