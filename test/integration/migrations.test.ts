import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../storage/clickhouse.ts'
import { acquireLease, createLeases } from '../../storage/lease.ts'
import { migrate } from '../../storage/migrate.ts'
import { startEngine, type TestEngine } from '../harness.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine?.stop())

let databases = 0
/** A database that does not exist yet, and a folder of migrations to write. */
async function setup(files: Record<string, string>) {
  const url = new URL(engine.url)
  url.pathname = `/m${++databases}`
  const folder = await mkdtemp(join(tmpdir(), 'hopscope-migrations-'))
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const clickhouse = connect(url.href)
  const count = async (table: string) =>
    Number((await clickhouse.query<{ n: string }>(`SELECT count() AS n FROM ${table}`))[0]!.n)
  return {
    url: url.href,
    clickhouse,
    count,
    write,
    remove: (name: string) => rm(join(folder, name)),
    run: (leaseMs?: number) =>
      migrate(url.href, { folder: pathToFileURL(`${folder}/`), ...(leaseMs !== undefined && { leaseMs }) }),
  }
}

const a = 'CREATE TABLE a (x UInt8) ENGINE = MergeTree ORDER BY x;\n'
const b = '-- a comment; with a semicolon\nCREATE TABLE b AS a;\nINSERT INTO b VALUES (1);\n'

describe('migrate', () => {
  it('applies each migration once, in order', async () => {
    const m = await setup({ '0001_a.sql': a, '0002_b.sql': b })
    expect(await m.run()).toEqual(['0001_a.sql', '0002_b.sql'])
    expect(await m.run()).toEqual([])
    await m.write('0003_c.sql', 'INSERT INTO b VALUES (2);\n')
    expect(await m.run()).toEqual(['0003_c.sql'])
    expect(await m.count('b')).toBe(2)
  })

  it('applies each once when several processes migrate at the same time', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [
        `000${i + 1}_t.sql`,
        `CREATE TABLE t${i} (x UInt8) ENGINE = MergeTree ORDER BY x;\nINSERT INTO t${i} VALUES (1);\n`,
      ]),
    )
    const m = await setup(files)
    const applied = await Promise.all(Array.from({ length: 6 }, () => m.run()))
    expect(applied.flat().sort()).toEqual(Object.keys(files))
    for (let i = 0; i < 8; i++) expect(await m.count(`t${i}`)).toBe(1)
  })

  it('goes on where a process died in the middle of a migration', async () => {
    const m = await setup({ '0001_a.sql': `${a}CREATE TABLE z (x Nonsense) ENGINE = Memory;\n` })
    await expect(m.run()).rejects.toThrow(/migration 0001_a.sql failed: .*Nonsense/)
    await m.write('0001_a.sql', `${a}CREATE TABLE z (x UInt8) ENGINE = Memory;\n`)
    expect(await m.run()).toEqual(['0001_a.sql'])
    expect(await m.count('z')).toBe(0)
  })

  it('takes over from a process that died with the lease', async () => {
    const m = await setup({ '0001_a.sql': a })
    const root = connect(engine.url)
    await root.command(`CREATE DATABASE ${new URL(m.url).pathname.slice(1)}`)
    await createLeases(m.clickhouse)
    await m.clickhouse.command(`INSERT INTO leases VALUES ('migrations', 1, 'the dead', now64(3) + INTERVAL 1 SECOND)`)
    const startedAt = Date.now()
    expect(await m.run(1000)).toEqual(['0001_a.sql'])
    expect(Date.now() - startedAt).toBeGreaterThan(500)
    await root.close()
  })

  it('stops at an applied migration that was changed, naming it', async () => {
    const m = await setup({ '0001_a.sql': a, '0002_b.sql': b })
    await m.run()
    await m.write('0001_a.sql', `${a}\n`)
    await expect(m.run()).rejects.toThrow('migration 0001_a.sql was changed after it was applied')
  })

  it('stops at an applied migration that is missing, naming it', async () => {
    const m = await setup({ '0001_a.sql': a, '0002_b.sql': b })
    await m.run()
    await m.remove('0001_a.sql')
    await expect(m.run()).rejects.toThrow('migration 0001_a.sql was applied to the database but its file is missing')
  })

  it('stops at a database of a newer hopscope', async () => {
    const m = await setup({ '0001_a.sql': a, '0002_b.sql': b })
    await m.run()
    await m.remove('0002_b.sql')
    await expect(m.run()).rejects.toThrow('made by a newer hopscope: its migration 0002_b.sql is unknown')
  })

  it('stops at a new migration below an applied one', async () => {
    const m = await setup({ '0002_a.sql': a })
    await m.run()
    await m.write('0001_b.sql', b)
    await expect(m.run()).rejects.toThrow('migration 0001_b.sql comes before ones that were applied')
  })

  it('does not take tables for its own that somebody else made', async () => {
    const m = await setup({ '0001_a.sql': a })
    const root = connect(engine.url)
    await root.command(`CREATE DATABASE ${new URL(m.url).pathname.slice(1)}`)
    await m.clickhouse.command(a.replace(';', ''))
    await expect(m.run()).rejects.toThrow(/migration 0001_a.sql failed: .*already exists/)
    await root.close()
  })

  it('says in one line that ClickHouse cannot be reached', async () => {
    await expect(migrate('http://user:secret@127.0.0.1:7101/x')).rejects.toThrow(
      /^ClickHouse at 127.0.0.1:7101 cannot be reached \(ECONNREFUSED\): check CLICKHOUSE_URL$/,
    )
  })
})

describe('a lease', () => {
  it('is held by one of many', async () => {
    const m = await setup({ '0001_a.sql': a })
    await m.run()
    let holders = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const lease = await acquireLease(m.clickhouse, { name: 'x', holder: `h${i}`, ttlMs: 5000, timeoutMs: 60_000 })
        most = Math.max(most, ++holders)
        await new Promise((resolve) => setTimeout(resolve, 20))
        holders--
        await lease.release()
      }),
    )
    expect(most).toBe(1)
  })

  it('is lost when another term was written', async () => {
    const m = await setup({ '0001_a.sql': a })
    await m.run()
    const lease = await acquireLease(m.clickhouse, { name: 'y', holder: 'me', ttlMs: 300, timeoutMs: 5000 })
    await m.clickhouse.command(`INSERT INTO leases VALUES ('y', 1000, 'other', now64(3) + INTERVAL 1 HOUR)`)
    await new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
    await lease.release()
  })
})
