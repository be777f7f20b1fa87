import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../storage/clickhouse.ts'
import { takeDirectory } from '../../storage/data-directory.ts'
import { migrate, parseMigration, readMigrations } from '../../storage/migrate.ts'
import { startEngine, type TestEngine } from '../harness.ts'

let test: TestEngine
afterEach(() => test?.stop())

describe('the embedded engine', () => {
  it('is started again on the same port after kill -9 and has every committed row', async () => {
    test = await startEngine()
    const { clickhouse, engine } = test
    await clickhouse.command('CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n')
    await clickhouse.command('INSERT INTO kept SELECT number FROM numbers(100000)')
    const before = engine.pid()!
    process.kill(before, 'SIGKILL')
    for (const end = Date.now() + 15_000; Date.now() < end && (engine.pid() === before || !(await clickhouse.ping()));)
      await sleep(50)
    expect(await clickhouse.query('SELECT count() AS n FROM kept')).toEqual([{ n: '100000' }])
    expect(engine.pid()).not.toBe(before)
  })

  it('ends when it is closed', async () => {
    test = await startEngine()
    const pid = test.engine.pid()!
    await test.engine.close()
    expect(() => process.kill(pid, 0)).toThrow()
  })
})

describe('migrations', () => {
  it('are applied once and in order by two processes at the same time', async () => {
    test = await startEngine()
    const [a, b] = [connect(test.url), connect(test.url)]
    const created = parseMigration(
      '9001_a.sql',
      'CREATE TABLE a (n UInt8) ENGINE = MergeTree ORDER BY n;\nINSERT INTO a VALUES (1);\n',
    )
    const altered = parseMigration('9002_b.sql', '-- after a\nALTER TABLE a ADD COLUMN m UInt8;\n')
    const all = [...readMigrations(), created, altered]
    const applied = await Promise.all([migrate(a, all), migrate(b, all)])
    expect(applied.flat().sort()).toEqual(['9001_a.sql', '9002_b.sql'])
    expect(await a.query('SELECT n, m FROM a')).toEqual([{ n: 1, m: 0 }])
    await Promise.all([a.close(), b.close()])
  })

  it('stop the start when an applied one has changed or is missing, and name it', async () => {
    test = await startEngine()
    const [first, ...rest] = readMigrations()
    await expect(migrate(test.clickhouse, [{ ...first!, checksum: 'other' }, ...rest])).rejects.toThrow(
      /0001_spans\.sql is not the one/,
    )
    await expect(migrate(test.clickhouse, rest)).rejects.toThrow(/0001_spans\.sql .* is missing here/)
  })
})

describe('the data directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hopscope-lock-'))
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('belongs to one process, which is named, and is free again when given back', async () => {
    const release = await takeDirectory(directory, 0)
    await expect(takeDirectory(directory, 0)).rejects.toThrow(`is used by process ${process.pid}`)
    release()
    const again = await takeDirectory(directory, 0)
    again()
  })
})
