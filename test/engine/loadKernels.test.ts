/** Libraries of kernels: what is accepted, and the one sentence for what is not. */
import { expect, test } from 'vitest'
import { basename, dirname } from 'node:path'
import { defineOp, loadKernels, tensor } from 'landbridge'
import { tempFiles } from '../support/tempFiles.js'
import { buildKernels } from '../support/kernels.js'

const write = tempFiles()
const build = (name: string, source: string) => buildKernels(write(`${name}.cc`, source))

const twice = (name: string) => `
  #include <landbridge/kernel.h>
  LANDBRIDGE_KERNEL(${name}, cpu, float32) {
    for (int64_t i = 0; i < call.out(0).count; ++i) call.out(0).as<float>()[i] = 2 * call.in(0).as<float>()[i];
  }`

test('a library of one kernel becomes an op; loading it again changes nothing', () => {
  const path = build('twice', twice('test_twice'))
  const expected = [{ name: 'test_twice', device: 'cpu', dtype: 'float32', isa: 'baseline' }]
  expect(loadKernels(path)).toEqual(expected)
  expect(loadKernels(path)).toEqual(expected)
  const op = defineOp('test_twice', { shape: ([x]) => x.shape })
  expect(op(tensor([1, 2])).dataSync()).toEqual(Float32Array.of(2, 4))
})

test('a bare name is a file of the working directory', () => {
  const path = build('bare', twice('test_bare'))
  const before = process.cwd()
  process.chdir(dirname(path))
  try {
    expect(loadKernels(basename(path)).map((kernel) => kernel.name)).toEqual(['test_bare'])
  } finally {
    process.chdir(before)
  }
})

test('an op without a kernel for the dtype says which there are', () => {
  const op = defineOp('test_twice_int', { kernel: 'test_twice', accepts: ['int32'], shape: ([x]) => x.shape })
  expect(() => op(tensor([1], { dtype: 'int32' }))).toThrow(
    'test_twice_int: expected a kernel for cpu int32, received kernels for cpu float32 only',
  )
  const none = defineOp('test_no_kernel', { shape: ([x]) => x.shape })
  expect(() => none(tensor([1]))).toThrow('received none of that name (see loadKernels)')
})

test('names that exist are refused', () => {
  expect(() => loadKernels(build('taken', twice('add')))).toThrow(
    'loadKernels: expected new kernel names, received add, which exists already for cpu float32',
  )
})

test('files that are absent or no libraries are refused', () => {
  expect(() => loadKernels('/nowhere/kernels.so')).toThrow(/^loadKernels: .*cannot open the library: .*nowhere/)
  expect(() => loadKernels(write('text.so', 'not a library'))).toThrow(/^loadKernels: .*cannot open the library/)
  expect(() => loadKernels(build('plain', 'int nothing;'))).toThrow(
    /expected a library that exports landbridge_library/,
  )
})

const library = (major: number, record: string) => `
  #define LANDBRIDGE_BUILTIN
  #include <landbridge/kernel.h>
  static void run(lb_call*) {}
  static const lb_kernel_record record = ${record};
  static const lb_kernel_record* const records[] = {&record};
  extern "C" const lb_library* landbridge_library(const lb_host*) {
    static const lb_library library = {sizeof(lb_library), ${major}, 0, records, records + 1};
    return &library;
  }`

test('another ABI version is refused', () => {
  const sound = '{sizeof(lb_kernel_record), 0, 0, 0, 0, "test_old", run}'
  expect(() => loadKernels(build('old', library(99, sound)))).toThrow(
    /^loadKernels: expected kernels built for ABI version 1, received version 99 from .*; rebuild it against this landbridge's header/,
  )
})

test('damaged records are refused', () => {
  const damaged = [
    '{sizeof(lb_kernel_record), 7, 0, 0, 0, "test_device", run}',
    '{sizeof(lb_kernel_record), 0, 99, 0, 0, "test_dtype", run}',
    '{sizeof(lb_kernel_record), 0, 0, 0, 0, nullptr, run}',
    '{sizeof(lb_kernel_record), 0, 0, 0, 0, "test_run", nullptr}',
  ]
  damaged.forEach((record, i) => {
    expect(() => loadKernels(build(`damaged${i}`, library(1, record)))).toThrow(/has a damaged record/)
  })
})
