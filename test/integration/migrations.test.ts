import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
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

describe('RESORT TABLE', () => {
  const created = `CREATE TABLE t (day Date, k UInt64, x UInt64 CODEC(Delta(8), LZ4), INDEX i x TYPE minmax GRANULARITY 1)
    ENGINE = MergeTree PARTITION BY day ORDER BY (k, toStartOfMinute(toDateTime(x, 'UTC')), x)
    TTL day + INTERVAL 90 YEAR SETTINGS ttl_only_drop_parts = 1;\n`
  const filled = 'INSERT INTO t SELECT toDate(20000 + number % 3), number % 7, number * 37 FROM numbers(10000);\n'
  const resorted = "RESORT TABLE t ORDER BY (k, toStartOfMinute(toDateTime(x, 'UTC')));\n"
  const digest = 'SELECT count() AS n, sum(cityHash64(*)) AS sum FROM t'
  const keyOf = "SELECT sorting_key, primary_key FROM system.tables WHERE database = currentDatabase() AND name = 't'"
  const tables = 'SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE {like:String}'

  it('gives a table another sort key, and leaves rows and all else as they are', async () => {
    const m = await setup({ '0001_t.sql': created + filled })
    await m.run()
    const before = await m.clickhouse.query(digest)
    await m.write('0002_key.sql', `-- why;\n${resorted}`)
    await m.run()
    const key = "k, toStartOfMinute(toDateTime(x, 'UTC'))"
    expect(await m.clickhouse.query(keyOf)).toEqual([{ sorting_key: key, primary_key: key }])
    expect(await m.clickhouse.query(digest)).toEqual(before)
    const [{ statement } = { statement: '' }] = await m.clickhouse.query<{ statement: string }>('SHOW CREATE TABLE t')
    for (const kept of [
      'CODEC(Delta(8), LZ4)',
      'INDEX i x',
      'PARTITION BY day',
      'toIntervalYear(90)',
      'ttl_only_drop_parts = 1',
    ])
      expect(statement).toContain(kept)
    expect(await m.clickhouse.query(tables, { like: 't_%' })).toEqual([])
  })

  it('gives a table whose key has grown another one, and granules of another size', async () => {
    const m = await setup({
      '0001_t.sql': `CREATE TABLE t (k UInt64, x UInt64) ENGINE = SummingMergeTree ORDER BY (k, x);
ALTER TABLE t ADD COLUMN y UInt8, MODIFY ORDER BY (k, x, y);
INSERT INTO t SELECT number % 7, number, 1 FROM numbers(10000);\n`,
    })
    await m.run()
    const before = await m.clickhouse.query(digest)
    await m.write('0002_key.sql', 'RESORT TABLE t ORDER BY (intDiv(x, 10), k, x, y) GRANULARITY 512;\n')
    await m.run()
    const key = 'intDiv(x, 10), k, x, y'
    expect(await m.clickhouse.query(keyOf)).toEqual([{ sorting_key: key, primary_key: key }])
    expect(await m.clickhouse.query(digest)).toEqual(before)
    const [{ marks } = { marks: '0' }] = await m.clickhouse.query<{ marks: string }>(
      "SELECT sum(marks) AS marks FROM system.parts WHERE database = currentDatabase() AND table = 't' AND active",
    )
    expect(Number(marks)).toBeGreaterThanOrEqual(10_000 / 512)
  })

  it.each([
    ['copied', `CREATE TABLE t_resorted AS t;\n${filled.replace('INTO t', 'INTO t_resorted')}`],
    [
      'copied and taken its place',
      `${resorted}CREATE TABLE t_resorted AS t;\n${filled.replace('INTO t', 'INTO t_resorted')}`,
    ],
  ])('goes on where a process died that had %s', async (_, left) => {
    const m = await setup({ '0001_t.sql': created + filled })
    await m.run()
    const before = await m.clickhouse.query(digest)
    await m.write('0002_key.sql', `${left}CREATE TABLE z (x Nonsense) ENGINE = Memory;\n`)
    await expect(m.run()).rejects.toThrow(/0002_key.sql failed/)
    await m.write('0002_key.sql', resorted)
    await m.run()
    expect(await m.clickhouse.query(digest)).toEqual(before)
    expect(await m.clickhouse.query(tables, { like: 't_%' })).toEqual([])
  })

  it('keeps the facts of a database of an older hopscope', async () => {
    const own = new URL('../../migrations/', import.meta.url)
    const names = (await readdir(own)).filter((name) => name.endsWith('.sql')).sort()
    const textOf = async (name: string) => [name, await readFile(new URL(name, own), 'utf8')] as const
    const texts = await Promise.all(names.map(textOf))
    const m = await setup(Object.fromEntries(texts.filter(([name]) => name < '0015')))
    await m.run()
    for (const [table, id] of [
      ['hops', 'hop_id'],
      ['proxies', 'proxy_id'],
    ] as const)
      await m.clickhouse.command(`INSERT INTO ${table} (job, sign, settled_at, trace_id, start, ${id})
        SELECT number % 5, if(number % 10 = 0, -1, 1), now() - number % 40000 * 60, toString(number), now64(9) - number, number % 3
        FROM numbers(20000)`)
    await m.clickhouse
      .command(`INSERT INTO traces (job, sign, settled_at, trace_id, start, segments.owner, segments.class, segments.leg, segments.offset, segments.ns)
      SELECT number % 5, 1, now(), toString(number), now64(9) - number, ['a', 'b', 'a'], ['app', 'wire', 'app'], ['self', 'req', 'self'], [0, 5, 7], [5, 2, number]
      FROM numbers(20000)`)
    const digestOf = async (table: string, columns: string) =>
      (await m.clickhouse.query(`SELECT count() AS n, sum(cityHash64(${columns})) AS sum FROM ${table}`))[0]
    const all = async () => [
      await digestOf('hops', 'job, sign, settled_at, trace_id, start, hop_id'),
      await digestOf('proxies', 'job, sign, settled_at, trace_id, start, proxy_id'),
      await digestOf('traces', 'job, sign, settled_at, trace_id, start, segments.class, segments.ns'),
    ]
    const before = await all()
    for (const [name, text] of texts) await m.write(name, text)
    await m.run()
    expect(await all()).toEqual(before)
    const placed = 'SELECT count() AS n, sum(cityHash64(job, settled_at, trace_id)) AS sum FROM '
    expect(await m.clickhouse.query(`${placed} trace_places`)).toEqual(await m.clickhouse.query(`${placed} traces`))
    const keys =
      "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name IN ('hops', 'proxies') ORDER BY name"
    expect(await m.clickhouse.query(keys)).toEqual([
      { sorting_key: 'hop_id, toStartOfMinute(start)' },
      { sorting_key: 'proxy_id, toStartOfMinute(start)' },
    ])
    const gone = `SELECT count() AS n FROM system.columns WHERE database = currentDatabase() AND table IN ('hops', 'proxies', 'traces')
      AND name IN ('segments.owner', 'spans', 'via_spans', 'transit_lo', 'added_lo')`
    expect(await m.clickhouse.query(gone)).toEqual([{ n: '0' }])
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
