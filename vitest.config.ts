import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Of what takes longest, longest first: whatever would begin last, would end alone. The others come after these, as they are. */
const longest = [
  ...['browser/proxy-and-hop', 'browser/screens', 'browser/explore', 'browser/trace', 'browser/bad-days'],
  ...['integration/finaliser', 'browser/compare', 'browser/ux-shell', 'browser/alerts', 'browser/overview'],
  ...['browser/ux-incident', 'browser/ux-tables', 'browser/shell', 'browser/trace-views', 'integration/reanalyse'],
  ...['fuzz/fuzz', 'integration/kill', 'integration/start', 'integration/spool', 'integration/rules', 'browser/map'],
  ...['browser/odd-names', 'integration/what-if', 'integration/spool-kill', 'faults/clickhouse'],
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = longest.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`))
      return at < 0 ? longest.length : at
    }
    return (await super.sort(files)).sort((a, b) => {
      const [first, second] = [a, b].map(({ project }) => project.config.sequence.groupOrder)
      return first! - second! || place(a) - place(b)
    })
  }
}

/** Of what starts engines and browsers at once: they wait for much of their time, and have gigabytes between them. */
const heavy = {
  ...{ maxWorkers: 3, sequence: { groupOrder: 1 } },
  // A second, as by default, is little beside two others.
  expect: { poll: { timeout: 60_000 } },
}

/** Three kinds of test: unit beside the code, integration with a real ClickHouse, browser with a real Chromium. */
export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
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
          testTimeout: 180_000,
          hookTimeout: 120_000,
          ...heavy,
        },
      },
      {
        test: {
          name: 'browser',
          pool: 'forks',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          ...heavy,
        },
      },
    ],
  },
})
