import { parseArgs } from 'node:util'
import { startEngine } from '../test/harness.ts'
import { compareWithSql } from '../test/oracle.ts'
import { report } from './report.ts'

/**
 * Self time and critical path of `--traces=N` (default 200,000) random traces, stored in the embedded engine: what SQL says of
 * every span beside what the analysis says. Exit 1 when a trace differs.
 */
const { values } = parseArgs({ options: { traces: { type: 'string' }, json: { type: 'string' } } })
const engine = await startEngine()
try {
  const started = performance.now()
  const { differences, sqlSeconds, ...figures } = await compareWithSql(
    engine.clickhouse,
    Number(values.traces ?? 200_000),
    (compared) => {
      if (compared % 20_000 === 0) console.error(`${compared} traces`)
    },
  )
  for (const line of differences.slice(0, 20)) console.error(line)
  await report('oracle', {
    ...figures,
    tracesThatDiffer: differences.length,
    sqlSeconds: Math.round(sqlSeconds),
    seconds: Math.round((performance.now() - started) / 1000),
  })
  if (differences.length > 0) process.exitCode = 1
} finally {
  await engine.stop()
}
