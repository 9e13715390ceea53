// The networks of the step rows in TensorFlow.js, from core ops as its layers make them.
import { blockConvolutions } from './resnet.mjs'

/** @returns x → logits; `weights` by torchvision's names, tensors or variables. */
export function tfjsResnet(tf, network, weights, { training }) {
  const convolve = (x, { name, norm, kernel, stride }) => {
    const y = tf.conv2d(x, weights[`${name}.weight`], stride, (kernel - 1) / 2)
    const [scale, offset] = [weights[`${norm}.weight`], weights[`${norm}.bias`]]
    if (!training) return tf.batchNorm(y, weights[`${norm}.running_mean`], weights[`${norm}.running_var`], offset, scale, 1e-5) // prettier-ignore
    const { mean, variance } = tf.moments(y, [0, 1, 2])
    return tf.batchNorm(y, mean, variance, offset, scale, 1e-5)
  }
  const { stem, blocks } = network
  return (x) => {
    let y = tf.relu(convolve(x, { name: 'conv1', norm: 'bn1', ...stem }))
    if (stem.pool) y = tf.maxPool(y, 3, 2, 1)
    for (const block of blocks) {
      const [first, second, projection] = blockConvolutions(block)
      const body = convolve(tf.relu(convolve(y, first)), second)
      y = tf.relu(tf.add(body, projection ? convolve(y, projection) : y))
    }
    return tf.add(tf.matMul(tf.mean(y, [1, 2]), weights['fc.weight']), weights['fc.bias'])
  }
}

/** Variables of the inputs that are trained, by their names. */
export function variablesOf(tf, tensors, names, keep) {
  return Object.fromEntries(names.map((name) => [name, keep(tf.variable(tensors[name]))]))
}

/** One step: [loss, …gradients of the variables named in `shown`]. */
export function tfjsStep(tf, optimizer, variables, loss, shown) {
  const list = Object.values(variables)
  const step = () => {
    const { value, grads } = tf.variableGrads(loss, list)
    optimizer.applyGradients(grads)
    return [value, ...shown.map((name) => grads[variables[name].name])]
  }
  return Object.assign(step, { close: () => optimizer.dispose() })
}

/** Linear layers with relu between them, and after the last where `activate`. */
export function tfjsMlp(tf, weights, from, count, activate = false) {
  return (x) => {
    let y = x
    for (let i = from; i < from + count; i++) {
      y = tf.add(tf.matMul(y, weights[`w${i}`]), weights[`b${i}`])
      if (i < from + count - 1 || activate) y = tf.relu(y)
    }
    return y
  }
}
