import { defineConfig } from 'vitest/config'
import { fileURLToPath } from 'node:url'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The op suite runs once per instruction set; a level that the CPU lacks falls back to the best it has. */
const levels = ['baseline', 'avx2', 'avx512']

export default defineConfig({
  resolve: { alias: { 'landbridge/testing': source('src/testing/index.ts'), landbridge: source('src/index.ts') } },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['test/**/*.test.ts'], exclude: ['test/ops.test.ts'] },
      },
      ...levels.map((level) => ({
        extends: true as const,
        test: { name: `ops-${level}`, include: ['test/ops.test.ts'], env: { LANDBRIDGE_ISA: level } },
      })),
    ],
  },
})
