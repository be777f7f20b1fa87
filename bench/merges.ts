import { parseArgs } from 'node:util'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startHopscope } from '../test/harness.ts'
import { insertCopy, receive } from './copies.ts'
import { report } from './report.ts'
import { mergesSettled } from './sending.ts'
import { usageOf } from './usage.ts'

/**
 * `npm run bench -- merges [--inserts=400] [--insert-spans=8000] [--settings="merge_selector_base = 10; merge_selector_base = 24"] [--json FILE]`: how
 * often ClickHouse writes a span again while so many INSERTs come one after the other (400: ten minutes of 1.5 s each), and what INSERTs
 * and merges take. Once with the settings of the table as migrations leave them, then with each of the lists that are given. INSERTs
 * are small, and bounds of sizes with them, so that it takes minutes: more of the time than on a busy system nothing waits for a merge.
 */
const { values: options } = parseArgs({
  options: {
    inserts: { type: 'string', default: '400' },
    'insert-spans': { type: 'string', default: '8000' },
    settings: { type: 'string', default: '' },
    json: { type: 'string' },
  },
})
const inserts = Number(options.inserts)
const spans = Number(options['insert-spans'])
/** So that merges go column by column, as those of larger INSERTs do. */
const small = 'min_bytes_for_wide_part = 2000000, vertical_merge_algorithm_min_rows_to_activate = 1'
const variants = ['', ...options.settings.split(';').filter((list) => list.trim() !== '')].map((list) => list.trim())

async function numberOf(clickhouse: ClickHouse, sql: string): Promise<number> {
  const [row] = await clickhouse.query<{ n: string }>(sql)
  return Number(row!.n)
}

const mergedRows = `SELECT sum(value) AS n FROM system.events WHERE event = 'MergedRows'`

const hopscope = await startHopscope({ HOPSCOPE_ROLES: 'collector', HOPSCOPE_MEMORY_LIMIT: '60%' })
const clickhouse = connect(`${hopscope.engineUrl}/hopscope`, { timeoutMs: 300_000 })
try {
  await receive(hopscope, clickhouse, spans)
  const million = (inserts * spans) / 1e6
  const figures: Record<string, unknown>[] = []
  for (const [i, settings] of variants.entries()) {
    const table = `spans_${i}`
    await clickhouse.command(`CREATE TABLE ${table} AS spans`)
    await clickhouse.command(`ALTER TABLE ${table} MODIFY SETTING ${[small, settings].filter(Boolean).join(', ')}`)
    await mergesSettled(clickhouse)
    const before = { rows: await numberOf(clickhouse, mergedRows), ...usageOf('clickhouse', hopscope) }
    const firstMs = Math.floor(Date.now() / 60_000 - 60) * 60_000
    for (let copy = 0; copy < inserts; copy++) await insertCopy(clickhouse, table, copy, firstMs + 1500 * copy)
    await mergesSettled(clickhouse)
    const parts = `SELECT count() AS n FROM system.parts WHERE active AND database = currentDatabase() AND table = '${table}'`
    figures.push({
      settings: settings || 'of migrations',
      writtenAgain: Number((((await numberOf(clickhouse, mergedRows)) - before.rows) / 1e6 / million).toFixed(2)),
      cpuSecondsPerMillionSpans: Number(
        ((usageOf('clickhouse', hopscope).cpuSeconds - before.cpuSeconds) / million).toFixed(2),
      ),
      partsLeft: await numberOf(clickhouse, parts),
    })
    await clickhouse.command(`DROP TABLE ${table} SYNC`)
  }
  await report('merges', { inserts, spans, figures })
} finally {
  await clickhouse.close()
  await hopscope.stop()
}
