// A few ops on whatever CPU this is, for scripts/check-all: exits with 1 where values or the instruction set differ.
import { grad, ops, tensor } from '../dist/index.js'
import { native } from '../dist/engine/native.js'

const expected = process.argv[2]
const { isa, cpuFeatures } = native.info()

const a = tensor(
  Float32Array.from({ length: 37 * 53 }, (_, i) => Math.sin(i)),
  { shape: [37, 53], requiresGrad: true },
)
const b = tensor(
  Float32Array.from({ length: 53 * 29 }, (_, i) => Math.cos(i)),
  { shape: [53, 29] },
)
const product = ops.matmul(a, b)
const [gradient] = grad(ops.sum(ops.exp(ops.mul(product, 0.1))), [a])
const values = product.dataSync()

let largest = 0
for (let i = 0; i < 37; i++) {
  for (let j = 0; j < 29; j++) {
    let sum = 0
    for (let k = 0; k < 53; k++) sum += Math.sin(i * 53 + k) * Math.cos(k * 29 + j)
    largest = Math.max(largest, Math.abs(sum - values[i * 29 + j]))
  }
}
const finite = gradient.dataSync().every(Number.isFinite)
const distance = ops.mmd(a, ops.add(a, 1)).itemSync()
const fine = largest < 1e-4 && finite && distance > 0 && (expected === undefined || isa === expected)
console.log(`${isa} (${cpuFeatures}): largest error ${largest}, ${fine ? 'fine' : 'WRONG'}`)
process.exit(fine ? 0 : 1)
