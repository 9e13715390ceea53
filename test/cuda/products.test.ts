/** The CUDA products and convolutions, compiled for the host with the emulation and compared with double precision. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'landbridge-products-'))
afterAll(() => rmSync(folder, { recursive: true }))

const flags = ['-std=c++20', '-O2', '-ffp-contract=off', '-Wno-unknown-pragmas', '-DLANDBRIDGE_CUDA_EMULATED']
const includes = ['-Itest/support', '-Inative/include', '-Inative/core']
const kernel = (name: string) => `native/kernels/${name}.cuda.cu`
const seconds = 1000

function compile(source: string): void {
  const object = join(folder, `${basename(source)}.o`)
  execFileSync('g++', [...flags, ...includes, '-x', 'c++', '-c', source, '-o', object], { cwd: root, stdio: 'pipe' })
}

/** Links a test program with the objects of `sources`. */
function link(program: string, sources: readonly string[]): void {
  const source = `native/test/${program}.cc`
  compile(source)
  const objects = [source, ...sources].map((each) => join(folder, `${basename(each)}.o`))
  execFileSync('g++', [...objects, '-o', join(folder, program)], { stdio: 'pipe' })
}

/** Builds what stands in for one of NVIDIA's libraries. */
function fake(library: string, source: string): void {
  const files = [`native/test/${source}.cc`, '-o', join(folder, library)]
  execFileSync('g++', ['-std=c++20', '-O1', '-shared', '-fPIC', ...files], { cwd: root, stdio: 'pipe' })
}

/** Runs a test program, expects that nothing failed, and returns how often a library computed. */
function run(program: string, env: Record<string, string> = {}): number {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const
  const { status, stdout, stderr } = spawnSync(join(folder, program), options)
  const pattern = /^\d+ passed, 0 failed, (\d+) calls of libraries\n$/
  expect(stdout + stderr).toMatch(pattern)
  expect(status).toBe(0)
  return Number(pattern.exec(stdout)?.[1])
}

const products = ['gemm', 'gemm_float32', 'gemm_tf32', 'gemm_bfloat16', 'library_matmul', 'libraries']
const shared = products.map((name) => `native/cuda/${name}.cu`)
const convolutions = ['conv2d', 'conv2dInput', 'conv2dFilter'].map(kernel)
const matmul = kernel('matmul')

beforeAll(() => {
  for (const source of [...shared, ...convolutions, matmul]) compile(source)
  link('matmul_test', [matmul, ...shared])
  link('conv_index_test', [matmul, ...shared])
  link('conv_test', [...convolutions, ...shared])
  fake('libcublasLt.so.13', 'fake_cublaslt')
  fake('libcudnn.so.9', 'fake_cudnn')
}, 300 * seconds)

const patient = 120 * seconds
test('the index arithmetic of convolutions', () => expect(run('conv_index_test')).toBe(0), patient)
test('products in every layout and precision', () => expect(run('matmul_test')).toBe(0), patient)
test('convolutions and their gradients over random geometries', () => expect(run('conv_test')).toBe(0), patient)

/** What stands in for cuBLASLt and cuDNN checks its arguments and computes naively. */
const libraries = { LANDBRIDGE_CUDA_LIBRARY_PATH: folder, LANDBRIDGE_CUDA_LIBRARIES: 'on' }
test.each(['matmul_test', 'conv_test'])('%s: the same values from a library', { timeout: patient }, (program) => {
  expect(run(program, libraries)).toBeGreaterThan(50)
})
test.each(['matmul_test', 'conv_test'])(
  '%s: our own kernels where a library refuses',
  { timeout: patient },
  (program) => {
    expect(run(program, { ...libraries, FAKE_REFUSES: '1' })).toBe(0)
  },
)
test('no library where none is wanted', { timeout: patient }, () => {
  expect(run('conv_test', { ...libraries, LANDBRIDGE_CUDA_LIBRARIES: 'off' })).toBe(0)
})
