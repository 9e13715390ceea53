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
const products = ['gemm', 'gemm_float32', 'gemm_tf32', 'gemm_bfloat16'].map((name) => `native/cuda/${name}.cu`)
const kernel = (name: string) => `native/kernels/${name}.cuda.cu`
const seconds = 1000

function compile(source: string): void {
  const object = join(folder, `${basename(source)}.o`)
  execFileSync('g++', [...flags, ...includes, '-x', 'c++', '-c', source, '-o', object], { cwd: root, stdio: 'pipe' })
}

/** Links the test with the objects of `sources`, runs it, and expects that nothing failed. */
function run(program: string, sources: readonly string[]): void {
  const source = `native/test/${program}.cc`
  compile(source)
  const objects = [source, ...sources].map((each) => join(folder, `${basename(each)}.o`))
  execFileSync('g++', [...objects, '-o', join(folder, program)], { stdio: 'pipe' })
  const { status, stdout, stderr } = spawnSync(join(folder, program), { encoding: 'utf8' })
  expect(stdout + stderr).toMatch(/^\d+ passed, 0 failed\n$/)
  expect(status).toBe(0)
}

const convolutions = ['conv2d', 'conv2dInput', 'conv2dFilter'].map(kernel)
const matmul = kernel('matmul')
beforeAll(() => [...products, ...convolutions, matmul].forEach(compile), 300 * seconds)

test('products in every layout and precision', () => run('matmul_test', [matmul, ...products]), 120 * seconds)
test('the index arithmetic of convolutions', () => run('conv_index_test', [matmul, ...products]), 60 * seconds)
test(
  'convolutions and their gradients over random geometries',
  () => run('conv_test', [...convolutions, ...products]),
  120 * seconds,
)
