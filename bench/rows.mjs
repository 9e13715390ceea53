// The rows: inputs, the same computation for each library, and the work it takes. `gflop` or `gbyte` per call.
const conv = (name, [n, h, w, c], [kh, kw, f], stride = 1) => ({
  name: `conv2d ${n}x${h}x${w}x${c} -> ${f}, ${kh}x${kw}${stride > 1 ? ` s${stride}` : ''}`,
  inputs: [
    [n, h, w, c],
    [kh, kw, c, f],
  ],
  gflop: (2 * n * Math.ceil(h / stride) * Math.ceil(w / stride) * kh * kw * c * f) / 1e9,
  landbridge: ({ ops }, x, k) => ops.conv2d(x, k, { stride, padding: 'same' }),
  tfjs: (tf, x, k) => tf.conv2d(x, k, stride, 'same'),
})

const matmul = (batch, m, k, n, transposeB = false) => ({
  name: `matmul ${batch > 1 ? `${batch}x` : ''}(${m},${k},${n})${transposeB ? ' B transposed' : ''}`,
  inputs: [batch > 1 ? [batch, m, k] : [m, k], [...(batch > 1 ? [batch] : []), ...(transposeB ? [n, k] : [k, n])]],
  gflop: (2 * batch * m * k * n) / 1e9,
  landbridge: ({ ops }, a, b) => ops.matmul(a, b, { transposeB }),
  tfjs: (tf, a, b) => tf.matMul(a, b, false, transposeB),
})

/** Squared distances and five kernels, as tfjs programs write it. */
function tfjsMmd(tf, x, y) {
  return tf.tidy(() => {
    const z = tf.concat([x, y])
    const centred = tf.sub(z, tf.mean(z, 0))
    const norms = tf.sum(tf.square(centred), 1, true)
    const products = tf.mul(tf.matMul(centred, centred, false, true), 2)
    const squared = tf.relu(tf.sub(tf.add(norms, tf.transpose(norms)), products))
    const h = tf.mean(squared)
    const k = tf.addN([0.25, 0.5, 1, 2, 4].map((s) => tf.exp(tf.div(squared, tf.mul(h, -s)))))
    const [n, total] = [x.shape[0], z.shape[0]]
    const block = (row, column, rows, columns) => tf.mean(tf.slice(k, [row, column], [rows, columns]))
    const across = block(0, n, n, total - n)
    return tf.sub(tf.add(block(0, 0, n, n), block(n, n, total - n, total - n)), tf.mul(across, 2))
  })
}

export const rows = [
  matmul(1, 512, 512, 512),
  matmul(64, 32, 32, 32),
  matmul(8, 197, 64, 197, true),
  conv('3x3', [4, 28, 28, 64], [3, 3, 64]),
  conv('1x1', [4, 28, 28, 128], [1, 1, 64]),
  conv('first', [1, 224, 224, 3], [7, 7, 64], 2),
  {
    name: 'add 3.2 M',
    inputs: [[3_200_000], [3_200_000]],
    gbyte: (3 * 3_200_000 * 4) / 1e9,
    landbridge: ({ ops }, a, b) => ops.add(a, b),
    tfjs: (tf, a, b) => tf.add(a, b),
  },
  {
    name: 'relu 3.2 M',
    inputs: [[3_200_000]],
    gbyte: (2 * 3_200_000 * 4) / 1e9,
    landbridge: ({ ops }, a) => ops.relu(a),
    tfjs: (tf, a) => tf.relu(a),
  },
  {
    name: 'softmax 1024x1000',
    inputs: [[1024, 1000]],
    gbyte: (2 * 1024 * 1000 * 4) / 1e9,
    landbridge: ({ ops }, a) => ops.softmax(a),
    tfjs: (tf, a) => tf.softmax(a),
  },
  {
    name: 'max pool 3x3 s2 4x56x56x64',
    inputs: [[4, 56, 56, 64]],
    gbyte: (1.25 * 4 * 56 * 56 * 64 * 4) / 1e9,
    landbridge: ({ ops }, a) => ops.maxPool2d(a, { kernel: 3, stride: 2 }),
    tfjs: (tf, a) => tf.maxPool(a, 3, 2, 'valid'),
  },
  {
    name: 'mmd 256,128 (forward)',
    inputs: [
      [256, 128],
      [256, 128],
    ],
    gflop: (2 * 512 * 512 * 128) / 1e9,
    shift: [0, 0.5], // two samples that differ: between equal ones the value is all rounding
    landbridge: ({ ops }, x, y) => ops.mmd(x, y),
    tfjs: tfjsMmd,
  },
]
