import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { ANALYSIS_VERSION } from '../server/analysis/analyse.ts'
import { Accuracy } from '../server/api/contract-accuracy.ts'
import { startHopscope } from '../test/harness.ts'
import { generatedBounds, recordedBounds } from './accuracy/bounds.ts'
import { generated } from './accuracy/generated.ts'
import { recorded, recordings } from './accuracy/recorded.ts'
import { markdownOf, rowsOf, tableHead, tableRow, tables, withSection } from './accuracy/report.ts'

/**
 * `npm run accuracy [-- --json FILE] [--write]`: sends recordings and generated requests of known truth through running
 * pipelines and tells how wrong the answers are; exit 1 when a bound is broken. `--write` puts the result where the API,
 * the Data page and docs/accuracy.md have it from.
 */
const root = new URL('../', import.meta.url).pathname.replace(/dist\/$/, '')
const settle = { HOPSCOPE_SETTLE_QUIET_MS: '1000', HOPSCOPE_SETTLE_MAX_MS: '60000' }

async function through<T>(
  env: Record<string, string>,
  run: (of: Awaited<ReturnType<typeof startHopscope>>) => Promise<T>,
) {
  const hopscope = await startHopscope({ ...settle, ...env })
  try {
    return await run(hopscope)
  } finally {
    await hopscope.stop()
  }
}

/** What the README of every recording says an analysis must find: the tests that hold it, a finding each. */
function findings(): { found: number; of: number } {
  const run = ['run', '--project', 'unit', 'server/analysis/findings.test.ts', '--reporter=json']
  const { stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...run], {
    cwd: root,
    encoding: 'utf8',
  })
  const report = /^\{.*\}$/m.exec(stdout)?.[0]
  if (report === undefined) throw new Error(`vitest said nothing: ${stdout}`)
  const { numPassedTests, numTotalTests } = JSON.parse(report) as { numPassedTests: number; numTotalTests: number }
  return { found: numPassedTests, of: numTotalTests }
}

const flag = process.argv.indexOf('--json')
const jsonFile = flag > 0 ? process.argv[flag + 1] : undefined
const found = findings()
// The lab had no network.
const real = await through({ HOPSCOPE_NETWORK_RTT_US: '0' }, recorded)
const made = await through({}, generated)

const whole = made.filter(({ scenario }) => !scenario.name.includes('lost'))
const accuracy = Accuracy.parse({
  command: 'npm run accuracy',
  measuredOn: new Date().toISOString().slice(0, 10),
  version: (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }).version,
  analysisVersion: ANALYSIS_VERSION,
  recorded: { recordings: recordings.length, traces: real.traces },
  generated: { scenarios: made.length, traces: made.reduce((sum, { scenario }) => sum + scenario.sent.size, 0) },
  rows: rowsOf([...real.judged, ...whole.flatMap(({ judged }) => judged)]),
  bounds: [...recordedBounds(real, found), ...generatedBounds(made)],
} satisfies Accuracy)

for (const [source, measure, title] of tables) {
  console.log(`\n${title} (µs)`)
  const rows = accuracy.rows.filter((row) => row.source === source && row.measure === measure)
  print([tableHead, ...rows.map(tableRow)])
}
console.log()
print(
  accuracy.bounds.map(({ source, name, limit, measured, ok }) => [ok ? 'ok' : 'BROKEN', source, name, limit, measured]),
)
for (const [what, where] of Object.entries(real.wrong)) for (const one of where.slice(0, 5)) console.error(what, one)

function print(lines: readonly (readonly string[])[]): void {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
}

const json = `${JSON.stringify(accuracy, null, 2)}\n`
if (jsonFile !== undefined) writeFileSync(jsonFile, json)
if (process.argv.includes('--write')) {
  writeFileSync(`${root}server/api/accuracy.json`, json)
  const page = `${root}docs/accuracy.md`
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), markdownOf(accuracy)))
}
if (accuracy.bounds.some(({ ok }) => !ok)) process.exitCode = 1
