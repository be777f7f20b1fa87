import { request } from 'node:http'
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { readIngest } from '../../server/queries/catalogue.ts'
import type { Running } from '../../storage/running.ts'
import { nothingWrong, sendTraces, wrongs, type Sent } from '../acknowledged.ts'
import { insertsInto, startClickHouseProxy, type ClickHouseProxy } from '../clickhouse-proxy.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** A collector before a ClickHouse to which the way is cut, slow, or loses answers. */
let db: TestEngine
let proxy: ClickHouseProxy
let directory: string
let collector: Running | undefined
let sent: Sent[]
const mebibyte = 2 ** 20

beforeAll(async () => {
  db = await startEngine()
  proxy = await startClickHouseProxy(db.url)
})
afterAll(async () => {
  await proxy?.close()
  await db?.stop()
})
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hopscope-spool-'))
  sent = []
})
afterEach(async () => {
  proxy.fault(() => 'pass')
  await stop()
  rmSync(directory, { recursive: true })
})

async function start(options: { maxBytes?: number; spoolAfterMs?: number; spool?: null } = {}): Promise<void> {
  const { maxBytes = 64 * mebibyte, spoolAfterMs = 200 } = options
  collector = await startCollector({
    ...{ clickhouseUrl: proxy.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    ...{ spoolAfterMs, spool: options.spool === null ? null : { directory: join(directory, 'spool'), maxBytes } },
  })
}

async function stop(): Promise<void> {
  await collector?.close()
  collector = undefined
}

const url = () => collector!.addresses.find(({ name }) => name === 'OTLP/HTTP')!.url

/** Of a request whose body is announced and does not come. */
const statusOfUnsent = (to: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': 1000 }
    const sending = request(to, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode)
      sending.destroy()
    })
    sending.once('error', reject)
    sending.flushHeaders()
  })

async function send(requests = 1, traces = 10): Promise<Sent[]> {
  const answered = await Promise.all(Array.from({ length: requests }, () => sendTraces(url(), traces)))
  sent.push(...answered)
  return answered
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url()}/metrics`)).text()
  const line = text.split('\n').find((one) => one.startsWith(`hopscope_collector_${name} `))
  return Number(line?.split(' ').at(-1))
}

const drained = () => eventually(async () => (await metric('spool_batches')) === 0)
const spoolFiles = () => readdirSync(join(directory, 'spool')).filter((file) => file !== 'lock')
const statuses = (answers: Sent[]) => [...new Set(answers.map(({ status }) => status))]
const emptied = () => eventually(() => spoolFiles().length === 0)

async function isRight(): Promise<void> {
  await drained()
  expect(await wrongs(db.clickhouse, sent)).toEqual(nothingWrong)
}

describe('while ClickHouse is away', () => {
  it('spans are acknowledged by the spool, and stored exactly once when it is back', async () => {
    await start({ spoolAfterMs: 4000 })
    await send(1)
    await emptied()
    expect(statuses(await send(3))).toEqual([200])
    expect(spoolFiles()).toEqual([])
    proxy.fault(() => 'refuse')
    for (let i = 0; i < 5; i++) expect(statuses(await send(4))).toEqual([200])
    expect(await metric('spool_spans')).toBe(5 * 4 * 120)
    expect(await metric('spool_bytes')).toBeGreaterThan(0)
    await sleep(1000)
    expect(await metric('spool_oldest_seconds')).toBeGreaterThan(0.5)
    // The first waits for ClickHouse, the others do not: far less than it may.
    const [quick] = await send(1)
    expect(quick!.tookMs).toBeLessThan(3_000)
    expect((await fetch(`${url()}/readyz`)).status).toBe(200)
    proxy.fault(() => 'pass')
    await drained()
    await eventually(async () => (await metric('spool_replayed_total')) >= 21 * 120)
    await emptied()
    await send(3)
    expect(spoolFiles()).toEqual([])
    expect(await metric('spool_bytes')).toBe(0)
    await isRight()
  })

  it('a collector that ends leaves what waits to the next one', async () => {
    await start()
    proxy.fault(() => 'refuse')
    expect(statuses(await send(10))).toEqual([200])
    await stop()
    expect(spoolFiles()).not.toEqual([])
    proxy.fault(() => 'pass')
    await start()
    await drained()
    await isRight()
  })

  it('without a spool they are refused, as what may be sent again', async () => {
    await start({ spool: null })
    proxy.fault(() => 'refuse')
    expect(statuses(await send(1))).toEqual([503])
    expect((await fetch(`${url()}/readyz`)).status).toBe(503)
  })

  it('and the spool full they are refused with 429 and a delay, nothing is dropped, and it recovers', async () => {
    await start({ maxBytes: mebibyte })
    proxy.fault(() => 'refuse')
    let refused: Sent | undefined
    for (let i = 0; i < 200 && !refused; i++) refused = (await send(4, 20)).find(({ status }) => status !== 200)
    expect(refused).toMatchObject({ status: 429, retryAfter: '5' })
    // Told before the body is read.
    expect(await statusOfUnsent(`${url()}/v1/traces`)).toBe(429)
    expect(statuses(await send(4))).toEqual([429])
    expect(await metric('requests_total{transport="http",outcome="spool_full"}')).toBeGreaterThanOrEqual(5)
    expect(await metric('spool_bytes')).toBeLessThanOrEqual(mebibyte)
    expect((await fetch(`${url()}/readyz`)).status).toBe(503)
    proxy.fault(() => 'pass')
    await drained()
    expect(statuses(await send(4))).toEqual([200])
    await isRight()
  })
})

describe('an INSERT whose outcome is not known', () => {
  it.each(['spans', 'batches', 'resources'])('into %s, lost again and again, is made once', async (table) => {
    await start()
    proxy.fault(insertsInto(new RegExp(`^${table}$`), 'lose'))
    expect(statuses(await send(5))).toEqual([200])
    expect(statuses(await send(5))).toEqual([200])
    await eventually(() => proxy.hit() >= 2)
    proxy.fault(() => 'pass')
    await drained()
    await isRight()
  })

  it('of several batches in one is made of the same again, even by the next collector', async () => {
    await start({ spoolAfterMs: 0 })
    proxy.fault(() => 'refuse')
    for (let i = 0; i < 8; i++) expect(statuses(await send(1))).toEqual([200])
    // The first was tried alone; the others go together. That answer is lost, and nobody can ask whether they are there.
    let inserts = 0
    proxy.fault((statement) => {
      if (/^\s*INSERT INTO spans/.test(statement)) return ++inserts === 2 ? 'lose' : 'pass'
      return inserts === 2 ? 'refuse' : 'pass'
    })
    await eventually(() => proxy.hit() === 1)
    await sleep(500)
    await stop()
    expect(inserts).toBe(2)
    proxy.fault(() => 'pass')
    await start()
    await isRight()
  })
})

it('what waits in the spool is told to who asks the API, and that nothing does', async () => {
  const ingest = () =>
    readIngest(
      db.clickhouse,
      { fromMs: Date.now() - 3_600_000, toMs: Date.now() },
      { signal: AbortSignal.timeout(60_000), queryId: `spool-of-a-test-${Math.random()}` },
    )
  await start({ spoolAfterMs: 0 })
  // What the collectors of other tests said last.
  await db.clickhouse.command('TRUNCATE TABLE spools')
  proxy.fault(insertsInto(/^spans$/, { status: 500, text: 'not now' }))
  expect(statuses(await send(2))).toEqual([200])
  const { spool } = await eventually(async () => {
    const answer = await ingest()
    return answer.inSpool === 240 && answer
  })
  expect(spool).toMatchObject({ limitBytes: 64 * mebibyte, setAside: 0 })
  expect([spool!.batches > 0, spool!.bytes > 240 * 100]).toEqual([true, true])
  proxy.fault(() => 'pass')
  await isRight()
  const { spool: empty } = await eventually(async () => {
    const answer = await ingest()
    return answer.inSpool === 0 && answer
  })
  expect(empty).toMatchObject({ batches: 0, bytes: 0, limitBytes: 64 * mebibyte })
})

describe('when all spans go to the spool first', () => {
  it('few at a time become few INSERTs', async () => {
    await start({ spoolAfterMs: 0 })
    const from = performance.now()
    for (let i = 0; i < 40; i++) {
      expect(statuses(await send(1, 2))).toEqual([200])
      await sleep(25)
    }
    await isRight()
    const seconds = (performance.now() - from) / 1000
    expect(await metric('insert_rows_count')).toBeLessThan(5 * seconds + 3)
  })

  it('few are in ClickHouse soon after their acknowledgement', async () => {
    await start({ spoolAfterMs: 0 })
    const waits: number[] = []
    for (let i = 0; i < 20; i++) {
      const [{ traceIds }] = (await send(1, 2)) as [Sent]
      const from = performance.now()
      const sql = `SELECT count() AS n FROM batches WHERE batch IN (SELECT batch FROM spans WHERE trace_id = unhex('${traceIds[0]}'))`
      while ((await db.clickhouse.query<{ n: string }>(sql))[0]!.n !== '1') await sleep(2)
      waits.push(performance.now() - from)
    }
    // A fifth of a second where nothing else runs.
    expect(waits.sort((a, b) => a - b)[10]).toBeLessThan(2_000)
  })

  it('what has no room there goes to ClickHouse directly, when nothing waits before it', async () => {
    await start({ spoolAfterMs: 0, maxBytes: 20_000 })
    for (let i = 0; i < 3; i++) {
      expect(statuses(await send(1, 100))).toEqual([200])
      expect(await wrongs(db.clickhouse, sent)).toEqual(nothingWrong)
    }
    expect(statuses(await send(1, 1))).toEqual([200])
    await isRight()
  })

  it('a collector that ends stores what it has acknowledged', async () => {
    await start({ spoolAfterMs: 0 })
    for (let i = 0; i < 5; i++) await send(1)
    await stop()
    expect(await wrongs(db.clickhouse, sent)).toEqual(nothingWrong)
    expect(spoolFiles()).toEqual([])
  })
})

describe('a slow ClickHouse', () => {
  it('does not hold up acknowledgements, and what piled up goes in few INSERTs', async () => {
    await start()
    proxy.fault(insertsInto(/^(spans|batches)$/, 2_000))
    const until = performance.now() + 4_000
    const answers: Sent[] = []
    while (performance.now() < until) {
      answers.push(...(await send(1, 2)))
      await sleep(10)
    }
    expect(statuses(answers)).toEqual([200])
    const slow = answers.filter(({ tookMs }) => tookMs > 1_500)
    expect(slow.length / answers.length).toBeLessThan(0.1)
    await drained()
    const inserts = await metric('insert_rows_count')
    expect(inserts).toBeLessThan(answers.length / 4)
    await isRight()
  })
})

describe('what ClickHouse refuses for good', () => {
  const rename = (from: string, to: string) => db.clickhouse.command(`RENAME TABLE ${from} TO ${to}`)

  it('waits in the spool when everything is refused, and is stored when the tables are mended', async () => {
    await start()
    await rename('batches', 'batches_away')
    try {
      for (let i = 0; i < 6; i++) expect(statuses(await send(1))).toEqual([200])
      await sleep(1000)
    } finally {
      await rename('batches_away', 'batches')
    }
    await emptied()
    await isRight()
  })

  it('is set aside when the rest goes through, counted, and stands in nobody’s way', async () => {
    await start()
    proxy.fault(() => 'refuse')
    await send(1)
    const [poison] = await send(1)
    for (let i = 0; i < 3; i++) await send(1)
    const constraint = `lower(hex(trace_id)) != '${poison!.traceIds[0]}'`
    await db.clickhouse.command(`ALTER TABLE spans ADD CONSTRAINT poison CHECK ${constraint}`)
    try {
      proxy.fault(() => 'pass')
      await drained()
    } finally {
      await db.clickhouse.command('ALTER TABLE spans DROP CONSTRAINT poison')
    }
    await eventually(() => spoolFiles().every((file) => file.endsWith('.refused')))
    expect(spoolFiles()).toHaveLength(1)
    const { lost, ...rest } = await wrongs(db.clickhouse, sent)
    expect(rest).toEqual({ ...nothingWrong, lost: undefined })
    expect([...lost].sort()).toEqual([...poison!.traceIds].sort())
    expect(statuses(await send(2))).toEqual([200])
    // Renamed to a segment, it is replayed.
    await stop()
    const [file] = spoolFiles()
    renameSync(join(directory, 'spool', file!), join(directory, 'spool', `${file!.split('.')[0]}.log`))
    await start()
    await drained()
    await isRight()
  })
})
