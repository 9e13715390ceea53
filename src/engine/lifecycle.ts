/** What programs call around ops: memory, waiting, differentiation, devices. */
import { resolve } from 'node:path'
import { backpropagate, takeFailure, type BackpropagateOptions } from './autograd.js'
import { describe, functionArgument, isArray, parseOptions, tensorArgument } from './arguments.js'
import { requireDevice } from './devices.js'
import { ArgumentError } from './errors.js'
import { withGrad } from './graph.js'
import { deviceNumber, native, type Device, type KernelInfo, type MemoryInfo } from './native.js'
import { refusePromise, scoped } from './scope.js'
import type { Tensor } from './tensor.js'

/**
 * Runs a synchronous function and releases every tensor that it made, except those in its result (a tensor, or arrays,
 * maps and plain objects with tensors) and those passed to `keep`. Graph nodes keep what they saved.
 *
 * @throws ArgumentError when `f` returns a promise
 */
export function tidy<T>(f: () => T): T {
  functionArgument('tidy', f)
  return scoped('tidy', f)
}

/** Runs a synchronous function without recording a graph. Throws ArgumentError when `f` returns a promise. */
export function noGrad<T>(f: () => T): T {
  functionArgument('noGrad', f)
  return withGrad(false, () => {
    const result = f()
    refusePromise('noGrad', result)
    return result
  })
}

const gradOptions = {
  name: 'grad',
  attrs: {
    gradient: undefined as Tensor | undefined,
    retainGraph: undefined as boolean | undefined,
    createGraph: false,
  },
}

/**
 * The gradients of a scalar with respect to `inputs`, leaving every `grad` alone.
 *
 * @param options.createGraph record the gradients themselves, so that they can be differentiated again; default false
 * @param options.gradient where `output` is no scalar: what to start from, of its shape
 * @returns one tensor per input; undefined where `output` does not depend on it
 */
export function grad(
  output: Tensor,
  inputs: readonly Tensor[],
  options: BackpropagateOptions & { gradient?: Tensor } = {},
): (Tensor | undefined)[] {
  tensorArgument('grad', 'output', output)
  if (!isArray(inputs)) throw new ArgumentError('grad', 'an array of tensors', describe(inputs))
  for (const input of Array.from<unknown>(inputs)) tensorArgument('grad', 'each input', input)
  const { gradient, retainGraph, createGraph } = parseOptions(gradOptions, options) as typeof gradOptions.attrs
  takeFailure()
  return backpropagate('grad', [output], [gradient], inputs, { createGraph, retainGraph: retainGraph ?? createGraph })
}

const STEPS_IN_FLIGHT = 2
const fences = new Map<Device, Promise<void>[]>()

/**
 * Back-pressure for loops: resolves, through a macrotask so that timers and servers run, when at most two of the steps
 * between calls of `ready` are still queued on the device.
 *
 * @throws KernelError once, when a kernel failed and nobody read its result
 */
export async function ready(device: Device = 'cpu'): Promise<void> {
  requireDevice('ready', device)
  const queue = fences.get(device) ?? []
  fences.set(device, queue)
  queue.push(native.fence(deviceNumber[device]))
  if (queue.length > STEPS_IN_FLIGHT) await queue.shift()
  await new Promise((resolve) => setImmediate(resolve))
  takeFailure()
}

/**
 * Native memory of the whole process on one device. Devices are limited by what they have, or by the bytes in
 * LANDBRIDGE_MEMORY_LIMIT (cpu) and LANDBRIDGE_CUDA_MEMORY_LIMIT.
 *
 * @throws DeviceError for a device that is not there
 */
export function memory(device: Device = 'cpu'): MemoryInfo {
  requireDevice('memory', device)
  return native.memory(deviceNumber[device])
}

/**
 * Sets how many threads kernels use, the stream's own included, for the whole process. Results do not depend on it.
 *
 * @param count 1 to 256; default at start: LANDBRIDGE_THREADS, or all cores
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new ArgumentError('setThreads', 'an integer from 1 to 256', describe(count))
  }
  native.threads(count)
}

/**
 * Loads a shared library of kernels built against `landbridge/kernel.h`. `defineOp` makes ops of them.
 *
 * @param path relative to the working directory, or absolute
 * @returns its kernels
 * @throws ArgumentError when the file cannot be opened, was built for another ABI or defines a name that exists
 */
export function loadKernels(path: string): KernelInfo[] {
  if (typeof path !== 'string') throw new ArgumentError('loadKernels', 'a path', describe(path))
  try {
    return native.loadKernels(resolve(path)) // a bare name would be looked up among the system's libraries
  } catch (error) {
    const text = error instanceof Error ? error.message.replace(/^loadKernels: /, '') : String(error)
    const [, expected, received] = /^expected (.*?), received (.*)$/s.exec(text) ?? []
    throw new ArgumentError('loadKernels', expected ?? 'a library of landbridge kernels', received ?? text)
  }
}
