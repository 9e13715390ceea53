// The networks of the step rows in landbridge.
import { blockConvolutions } from './resnet.mjs'

/** @returns { model, load(tensors) }: load gives the model the weights that are named as in torchvision. */
export function landbridgeResnet({ nn, ops }, network) {
  const places = [] // [name in the model, name of the input]
  const conv = ({ kernel, stride, into, out }) =>
    new nn.Conv2d({ in: into, out, kernel, stride, padding: (kernel - 1) / 2, bias: false })
  const pair = (spec, at, first) => {
    places.push([`${at}.${first}.weight`, `${spec.name}.weight`])
    const own = { gamma: 'weight', beta: 'bias', runningMean: 'running_mean', runningVar: 'running_var' }
    for (const [name, theirs] of Object.entries(own))
      places.push([`${at}.${first + 1}.${name}`, `${spec.norm}.${theirs}`])
    return [conv(spec), new nn.BatchNorm(spec.out)]
  }

  const residual = (block, at) => {
    const [first, second, projection] = blockConvolutions(block)
    const body = new nn.Sequential(...pair(first, `${at}.body`, 0), ops.relu, ...pair(second, `${at}.body`, 3))
    const shortcut = projection && new nn.Sequential(...pair(projection, `${at}.shortcut`, 0))
    return new nn.Residual({ body, activation: 'relu', ...(shortcut && { shortcut }) })
  }

  const { stem, blocks, image, features, classes } = network
  const first = { name: 'conv1', norm: 'bn1', kernel: stem.kernel, stride: stem.stride, into: image[2], out: stem.out }
  const pool = stem.pool ? [new nn.MaxPool2d({ kernel: 3, stride: 2, padding: 1 })] : []
  const model = new nn.Sequential(
    new nn.Sequential(...pair(first, '0', 0), ops.relu, ...pool),
    new nn.Sequential(...blocks.map((block, i) => residual(block, `1.${i}`))),
    new nn.GlobalAvgPool2d(),
    new nn.Linear(features, classes),
  )
  places.push(['3.weight', 'fc.weight'], ['3.bias', 'fc.bias'])
  const load = (tensors) => {
    model.to(tensors['fc.weight'].device)
    model.loadStateDict(Object.fromEntries(places.map(([own, name]) => [own, tensors[name]])))
  }
  return { model, load }
}

/** Linear layers with relu between them; weights `w0`, `b0`, …, as many as `sizes` needs, from number `from` on. */
export function landbridgeMlp({ nn }, sizes, tensors, { from = 0, lastActivation = 'none' } = {}) {
  const last = sizes.length - 2
  const { device } = tensors[`w${from}`]
  const layers = sizes.slice(1).map((out, i) => new nn.Linear(sizes[i], out, { activation: i < last ? 'relu' : lastActivation, device })) // prettier-ignore
  layers.forEach((layer, i) => layer.loadStateDict({ weight: tensors[`w${from + i}`], bias: tensors[`b${from + i}`] }))
  return new nn.Sequential(...layers)
}
