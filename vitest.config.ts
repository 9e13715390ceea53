import { defineConfig } from 'vitest/config'
import { fileURLToPath } from 'node:url'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The op suite runs once per instruction set; a level that the CPU lacks falls back to the best it has. */
const levels = ['baseline', 'avx2', 'avx512']
const everyLevel = ['test/ops.test.ts', 'test/winograd.test.ts', 'test/directConvolution.test.ts']

export default defineConfig({
  resolve: { alias: { 'landbridge/testing': source('src/testing/index.ts'), landbridge: source('src/index.ts') } },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: [...everyLevel, 'test/bad-input/**'],
        },
      },
      {
        extends: true,
        // Sizes that nobody means must fail here as they do where memory is small.
        test: {
          name: 'bad-input',
          include: ['test/bad-input/*.test.ts'],
          env: { LANDBRIDGE_MEMORY_LIMIT: '500000000' },
        },
      },
      ...levels.map((level) => ({
        extends: true as const,
        test: {
          name: `ops-${level}`,
          include: everyLevel,
          env: { LANDBRIDGE_ISA: level },
        },
      })),
      // The CUDA kernels: on a GPU where one is there, and executed by an emulation of CUDA on the host.
      ...(['cuda', 'cuda-emulated'] as const).map((device) => ({
        extends: true as const,
        test: {
          name: `ops-${device}`,
          include: ['test/ops.test.ts'],
          env: { LANDBRIDGE_TEST_DEVICE: device },
        },
      })),
    ],
  },
})
