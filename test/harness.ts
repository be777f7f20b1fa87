import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { connect, type ClickHouse } from '../storage/clickhouse.ts'
import { startEngine as startChild, type Engine } from '../storage/engine.ts'
import { migrate } from '../storage/migrate.ts'

export const quiet = pino({ level: process.env['TEST_LOG'] ?? 'silent' })

export interface TestEngine {
  /** http://127.0.0.1:PORT/hopscope */
  url: string
  clickhouse: ClickHouse
  engine: Engine
  directory: string
  stop(): Promise<void>
}

/** A fresh embedded ClickHouse with the schema, on a free port and a temporary directory. */
export async function startEngine(): Promise<TestEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'hopscope-engine-'))
  const engine = await startChild({ directory, httpPort: 0, memoryLimitBytes: 4e9, log: quiet })
  const admin = connect(engine.url)
  await admin.command('CREATE DATABASE IF NOT EXISTS hopscope')
  await admin.close()
  const url = `${engine.url}hopscope`
  const clickhouse = connect(url)
  await migrate(clickhouse)
  return {
    url,
    clickhouse,
    engine,
    directory,
    async stop() {
      await clickhouse.close()
      await engine.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
