import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startEngine as startEmbedded, type Engine } from '../storage/engine.ts'
import { migrate } from '../storage/migrate.ts'

/** For parts under test: what fails on purpose need not be told. */
export const quiet = pino({ level: 'silent' })

/** A ClickHouse of a test's own. */
export interface TestEngine {
  /** With the database, for whatever takes a ClickHouse URL. */
  url: string
  clickhouse: ClickHouse
  engine: Engine
  stop(): Promise<void>
}

/** Starts the embedded engine over a fresh directory, migrated; takes about a second. */
export async function startEngine(options: { migrated?: boolean; database?: string } = {}): Promise<TestEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hopscope-test-'))
  const log = pino({ level: 'error' }, pino.destination(2))
  const engine = await startEmbedded({ dataDir, httpPort: 0, memoryBytes: 2 * 2 ** 30, log })
  const url = `${engine.url}/${options.database ?? 'hopscope'}`
  if (options.migrated !== false) await migrate(url)
  const clickhouse = connect(url)
  return {
    url,
    clickhouse,
    engine,
    async stop() {
      await clickhouse.close()
      await engine.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
