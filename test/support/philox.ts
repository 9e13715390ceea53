/** Philox4x32-10 as its paper gives it (Salmon et al. 2011), in exact integers: the reference of the kernels. */
type Words = [number, number, number, number]

const multiply = (a: number, b: number): [high: number, low: number] => {
  const product = BigInt(a) * BigInt(b)
  return [Number(product >> 32n), Number(product & 0xffffffffn)]
}

export function philox(counter: Words, key: [number, number]): Words {
  let [x0, x1, x2, x3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(0xd2511f53, x0)
    const [high1, low1] = multiply(0xcd9e8d57, x2)
    ;[x0, x1, x2, x3] = [(high1 ^ x1 ^ k0) >>> 0, low1, (high0 ^ x3 ^ k1) >>> 0, low0]
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  return [x0, x1, x2, x3]
}

const split = (value: number): [low: number, high: number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)]

/** The word of element i: within 64 elements, element 16·w + b has word w of block b. */
export function wordAt(seed: number, offset: number, i: number): number {
  const group = Math.floor(i / 64)
  const within = i % 64
  const block = offset + group * 16 + (within % 16)
  return philox([...split(block), 0, 0], split(seed))[Math.floor(within / 16)] as number
}
