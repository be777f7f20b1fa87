import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

/** Of what starts engines and browsers at once: they wait for much of their time, and have gigabytes between them. */
const heavy = {
  ...{ maxWorkers: 3, sequence: { groupOrder: 1 } },
  // A second, as by default, is little beside two others.
  expect: { poll: { timeout: 20_000 } },
}

/** Three kinds of test: unit beside the code, integration with a real ClickHouse, browser with a real Chromium. */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: {
          name: 'unit',
          pool: 'forks',
          // They share processes: starting one for each file takes about a third of their time.
          isolate: false,
          include: [
            '{collector,process,server,storage,telemetry,scripts}/**/*.test.ts',
            'web/src/**/*.test.ts',
            'test/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          pool: 'forks',
          include: ['test/{integration,fuzz,faults}/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          ...heavy,
        },
      },
      {
        test: {
          name: 'browser',
          pool: 'forks',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...heavy,
        },
      },
    ],
  },
})
