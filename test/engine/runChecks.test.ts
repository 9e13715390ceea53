/** `native.run` checks what JavaScript says about tensors, so that a wrong shape rule cannot write out of bounds. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createServer, connect } from 'node:net'
import { memory, tensor, type Tensor } from 'landbridge'
import { native, type Handle } from '../../src/engine/native.js'
import { loadTestKernels } from '../support/kernels.js'
import { loadEmulated } from '../support/emulated.js'

let add: number
let x: Tensor
beforeAll(() => {
  loadTestKernels()
  add = native.kernel('add', 0, 0)
  x = tensor([1, 2, 3, 4])
})

function describeCall(...numbers: number[]): void {
  native.scratch.fill(0)
  native.scratch.set(numbers)
}
const vector = (size: number, dtype = 0) => [1, dtype, size]
const fresh = (...view: number[]) => [-1, 0, ...view]
const h = (t: Tensor): Handle => t.live('test').handle

const run = (kernel: number, numbers: number[], ...handles: unknown[]) => {
  describeCall(...numbers)
  return native.run(kernel, ...(handles as Handle[]))
}

describe('a correct call', () => {
  test('gives a handle whose bytes can be read', () => {
    const y = run(add, [2, 1, 0, ...vector(4), ...vector(4), ...fresh(...vector(4))], h(x), h(x)) as Handle
    expect([...native.readSync(y, new Float32Array(4))]).toEqual([2, 4, 6, 8])
  })
  test('hands absent tensors and parameters to the kernel', () => {
    const probe = native.kernel('test_probe', 0, 0)
    const numbers = [2, 2, 3, -1, ...vector(4), ...fresh(...vector(6)), -2, 0, 7, 8, 9]
    const [y, absent] = run(probe, numbers, null, h(x)) as [Handle, null]
    expect(absent).toBeNull()
    expect([...native.readSync(y, new Float32Array(6))]).toEqual([2, 2, 3, 0, 1, 0])
  })
})

describe('refused, and nothing leaks', () => {
  let before: number
  beforeEach(() => (before = memory().liveBuffers))
  const refuse = (name: string, message: string | RegExp, act: () => unknown) =>
    test(name, () => {
      expect(act).toThrow(message)
      expect(memory().liveBuffers).toBeLessThanOrEqual(before) // less, when the collector passed
    })
  const two = (first: number[], second: number[], out: number[]) => [2, 1, 0, ...first, ...second, ...out]
  const ok = vector(4)

  for (const number of [-1, 1e9, NaN, Infinity, 2 ** 60]) {
    refuse(`kernel ${number}`, 'run: expected a resolved kernel', () =>
      run(number, two(ok, ok, fresh(...ok)), h(x), h(x)),
    )
  }
  const untyped: { run(...values: unknown[]): unknown } = native
  refuse('no kernel', 'run: expected a kernel, received nothing', () => untyped.run())
  refuse('a kernel that is no number', /number/, () => untyped.run('add'))
  refuse('more inputs described than given', 'run: expected an integer from 0 to 1', () =>
    run(add, two(ok, ok, fresh(...ok)), h(x)),
  )
  refuse('no outputs', 'run: expected an integer from 1 to 65536, received 0', () => run(add, [2, 0, 0], h(x), h(x)))
  for (const count of [-1, 0.5, NaN, Infinity, 65537]) {
    refuse(`${count} parameters`, 'run: expected an integer from 0 to 65536', () => run(add, [2, 1, count], h(x), h(x)))
  }
  for (const size of [-1, NaN, Infinity, -Infinity, 1.5, 2 ** 60]) {
    refuse(`an input of size ${size}`, 'run: expected a size of at least 0', () =>
      run(add, two(vector(size), ok, fresh(...ok)), h(x), h(x)),
    )
    refuse(`an output of size ${size}`, 'run: expected a size of at least 0', () =>
      run(add, two(ok, ok, fresh(...vector(size))), h(x), h(x)),
    )
  }
  refuse('rank 9', 'run: expected an integer from -1 to 8, received 9', () =>
    run(add, two([9, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], ok, fresh(...ok)), h(x), h(x)),
  )
  refuse('an output of rank 9', 'run: expected an integer from 0 to 8, received 9', () =>
    run(add, two(ok, ok, fresh(9, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)), h(x), h(x)),
  )
  refuse('a dtype that does not exist', 'run: expected an integer from 0 to 7, received 8', () =>
    run(add, two(vector(4, 8), ok, fresh(...ok)), h(x), h(x)),
  )
  refuse('a shape whose elements overflow', 'run: expected a shape whose elements can be counted', () =>
    run(add, two(ok, ok, fresh(3, 0, 2 ** 40, 2 ** 40, 2)), h(x), h(x)),
  )
  refuse('a shape whose bytes overflow', /fits in memory|out of memory/, () =>
    run(add, two([0, 0], [0, 0], fresh(2, 0, 2 ** 31, 2 ** 31)), h(x), h(x)),
  )
  refuse('an input that claims more bytes than it has', 'add: expected input 1 to hold 20 bytes, received 16', () =>
    run(add, two(ok, vector(5), fresh(...ok)), h(x), h(x)),
  )
  refuse('an input that claims a wider dtype', 'add: expected input 0 to hold 32 bytes, received 16', () =>
    run(add, two(vector(4, 4), ok, fresh(...ok)), h(x), h(x)),
  )
  refuse('inputs that do not broadcast to the output', 'run: expected an input that broadcasts to the output', () =>
    run(add, two(ok, vector(3), fresh(...ok)), h(x), h(x)),
  )
  refuse('an input of higher rank than the output', "run: expected an input of at most the output's rank", () =>
    run(add, two([2, 0, 1, 4], ok, fresh(...ok)), h(x), h(x)),
  )
  refuse('an in-place output of another size', "add: expected an in-place output to have its input's size", () =>
    run(add, two(ok, ok, [0, 1, ...vector(3)]), h(x), h(x)),
  )
  refuse('an in-place output of an absent input', 'add: expected an in-place output', () =>
    run(add, two([-1], ok, [0, 1, ...ok]), null, h(x)),
  )
  refuse(
    'an in-place output of an input that does not exist',
    'run: expected an integer from -2 to 1, received 2',
    () => run(add, two(ok, ok, [2, 1, ...ok]), h(x), h(x)),
  )
  refuse('more numbers than the description holds', 'run: expected at most 131072 numbers', () => {
    native.scratch.forEach((_, i) => (native.scratch[i] = i % 2 === 1 ? -2 : 0)) // absent outputs
    native.scratch.set([0, 65536, 65536])
    native.run(add)
  })
  for (const [name, value] of Object.entries({ null: null, number: 5, object: {}, array: new Float32Array(4) })) {
    refuse(`${name} in place of a handle`, "expected a tensor's handle, received something else", () =>
      run(add, two(ok, ok, fresh(...ok)), h(x), value),
    )
  }
})

test('a released handle is refused', () => {
  const y = tensor([1, 2, 3, 4])
  const handle = h(y)
  y.dispose()
  const message = 'expected a live tensor, received one that was released'
  const numbers = [2, 1, 0, ...vector(4), ...vector(4), ...fresh(...vector(4))]
  expect(() => run(add, numbers, h(x), handle)).toThrow(message)
  expect(() => native.readSync(handle, new Float32Array(1))).toThrow(message)
  expect(() => native.read(handle, new Float32Array(1))).toThrow(message)
  expect(() => native.release(handle)).toThrow(message)
})

test('another addon’s external is refused', async () => {
  const server = createServer().listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const socket = connect(typeof address === 'object' && address ? address.port : 0)
  await new Promise((resolve) => socket.once('connect', resolve))
  const { _handle: handle } = socket as { _handle?: { _externalStream?: Handle } }
  const external = handle?._externalStream
  expect(external).toBeDefined()
  expect(() => native.release(external as Handle)).toThrow("expected a tensor's handle, received something else")
  socket.destroy()
  server.close()
})

test('reads and writes check their arrays and devices', () => {
  expect(() => native.readSync(h(x), new Float32Array(5))).toThrow("read: expected at most the tensor's bytes")
  const noArray: unknown = [1]
  expect(() => native.readSync(h(x), noArray as Float32Array)).toThrow('expected a typed array')
  expect(() => native.write(0, noArray as Float32Array)).toThrow('expected a typed array')
  for (const device of [-1, 1, 7, NaN]) {
    expect(() => native.write(device, new Float32Array(1))).toThrow('expected a device that is open')
  }
})

test.runIf(loadEmulated())('tensors of another device are refused', () => {
  const y = native.write(2, new Float32Array(4))
  const numbers = [2, 1, 0, ...vector(4), ...vector(4), ...fresh(...vector(4))]
  expect(() => run(add, numbers, h(x), y)).toThrow('add: expected tensors on cpu, received one on cuda-emulated')
  native.release(y)
})

test('unknown kernels, devices and dtypes have no number', () => {
  expect(native.kernel('noSuchKernel', 0, 0)).toBe(-1)
  for (const device of [NaN, -1, 3, 1e300]) expect(native.kernel('add', device, 0)).toBe(-1)
  for (const dtype of [NaN, 3, 8, 1e300]) expect(native.kernel('add', 0, dtype)).toBe(-1)
})
