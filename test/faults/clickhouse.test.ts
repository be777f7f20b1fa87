import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import type { Running } from '../../storage/running.ts'
import { nothingWrong, sendTraces, wrongs, type Sent } from '../acknowledged.ts'
import { insertsInto, startClickHouseProxy, type ClickHouseProxy, type Fault } from '../clickhouse-proxy.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Bad days of ClickHouse, of the disks and of the clock: what was acknowledged is stored exactly once, and nobody has to help. */
const mebibyte = 2 ** 20
let directory: string
let collector: Running | undefined
let sent: Sent[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hopscope-faults-'))
  sent = []
})
afterEach(async () => {
  await collector?.close()
  collector = undefined
  rmSync(directory, { recursive: true })
})

async function start(clickhouseUrl: string, spoolDirectory = join(directory, 'spool')): Promise<void> {
  collector = await startCollector({
    ...{ clickhouseUrl, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    ...{ spoolAfterMs: 300, spool: { directory: spoolDirectory, maxBytes: 64 * mebibyte } },
  })
}

const url = () => collector!.addresses.find(({ name }) => name === 'OTLP/HTTP')!.url

async function send(requests: number): Promise<number[]> {
  const answered = await Promise.all(Array.from({ length: requests }, () => sendTraces(url(), 5)))
  sent.push(...answered)
  return answered.map(({ status }) => status)
}

/** All that was acknowledged is in ClickHouse. */
async function drained(): Promise<void> {
  await eventually(async () => {
    const text = await (await fetch(`${url()}/metrics`)).text()
    return /^hopscope_collector_spool_batches 0$/m.test(text)
  })
}

async function isRight({ clickhouse }: TestEngine): Promise<void> {
  await drained()
  expect(await wrongs(clickhouse, sent)).toEqual(nothingWrong)
}

describe('a ClickHouse that answers', () => {
  let db: TestEngine
  let proxy: ClickHouseProxy
  beforeAll(async () => {
    db = await startEngine()
    proxy = await startClickHouseProxy(db.url)
  })
  afterAll(async () => {
    await proxy?.close()
    await db?.stop()
  })

  const answers: Record<string, Fault> = {
    'with 500': { status: 500, text: 'Internal Server Error' },
    'that there are too many parts': {
      status: 500,
      code: 252,
      text: 'Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)',
    },
    'that it is read-only': {
      status: 500,
      code: 164,
      text: 'Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)',
    },
    'that it has no memory': {
      status: 500,
      code: 241,
      text: 'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)',
    },
    'as a proxy that has lost it': { status: 502, text: '<html>Bad Gateway</html>' },
    'half an answer': 'cut',
    'two seconds later': 2000,
  }
  it.each(Object.keys(answers))('%s, now and then and then always', async (name) => {
    const fault = answers[name]!
    await start(proxy.url)
    let inserts = 0
    proxy.fault((statement) => (/^\s*INSERT/.test(statement) && ++inserts % 3 === 0 ? fault : 'pass'))
    for (let i = 0; i < 4; i++) expect(await send(3)).toEqual([200, 200, 200])
    for (const tables of [/^spans$/, /./]) {
      proxy.fault(insertsInto(tables, fault))
      for (let i = 0; i < 3; i++) expect(await send(3)).toEqual([200, 200, 200])
    }
    proxy.fault(() => 'pass')
    await drained()
    expect(await send(1)).toEqual([200])
    await isRight(db)
  })

  it('while the clock steps back an hour and forth again', async () => {
    await start(proxy.url)
    const { now } = Date
    try {
      expect(await send(3)).toEqual([200, 200, 200])
      Date.now = () => now() - 3_600_000
      expect(await send(3)).toEqual([200, 200, 200])
      proxy.fault(() => 'refuse')
      expect(await send(3)).toEqual([200, 200, 200])
      Date.now = now
      expect(await send(3)).toEqual([200, 200, 200])
      proxy.fault(() => 'pass')
      await drained()
      expect(await send(3)).toEqual([200, 200, 200])
    } finally {
      Date.now = now
    }
    await isRight(db)
    // Ids rise in the order in which batches are committed: who follows them sees all.
    const rows = await db.clickhouse.query<{ batch: string }>('SELECT batch FROM batches ORDER BY committed_at, batch')
    const ids = rows.map(({ batch }) => BigInt(batch))
    expect(ids).toEqual(ids.toSorted((a, b) => (a < b ? -1 : 1)))
  })
})

const mounts = (path: string, size: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' }).status === 0
const mayMount = (() => {
  const path = mkdtempSync(join(tmpdir(), 'hopscope-mount-'))
  const may = mounts(path, '1m')
  if (may) spawnSync('umount', [path])
  rmSync(path, { recursive: true })
  return may
})()

/** A disk of its own that can be full. */
function smallDisk(size: string) {
  const path = join(directory, 'disk')
  mkdirSync(path)
  if (!mounts(path, size)) throw new Error('cannot mount')
  const filler = join(path, 'filler')
  return {
    path,
    fill() {
      try {
        for (let chunk = mebibyte; chunk >= 1; chunk = Math.floor(chunk / 2))
          for (;;) {
            try {
              writeFileSync(filler, Buffer.alloc(chunk), { flag: 'a' })
            } catch {
              break
            }
          }
      } catch {
        // It is full.
      }
    },
    free: () => rmSync(filler),
    unmount: () => spawnSync('umount', ['-l', path]),
  }
}

describe.skipIf(!mayMount)('a disk that is full', () => {
  it('under ClickHouse: spans go to the spool, and to ClickHouse when there is room again', async () => {
    const disk = smallDisk('400m')
    const { TMPDIR } = process.env
    process.env['TMPDIR'] = disk.path
    const db = await startEngine()
    process.env['TMPDIR'] = TMPDIR ?? '/tmp'
    try {
      await start(db.url)
      expect(await send(3)).toEqual([200, 200, 200])
      disk.fill()
      await expect(
        db.clickhouse.command(
          'CREATE TABLE full ENGINE = MergeTree ORDER BY n AS SELECT number AS n FROM numbers(1000)',
        ),
      ).rejects.toThrow()
      for (let i = 0; i < 4; i++) expect(await send(3)).toEqual([200, 200, 200])
      await sleep(500)
      disk.free()
      await drained()
      await isRight(db)
    } finally {
      await collector?.close()
      collector = undefined
      await db.stop()
      disk.unmount()
    }
  })

  it('under the spool, and ClickHouse away: spans are refused, none that was acknowledged is lost', async () => {
    const disk = smallDisk('320m')
    const db = await startEngine()
    const proxy = await startClickHouseProxy(db.url)
    try {
      await start(proxy.url, join(disk.path, 'spool'))
      proxy.fault(() => 'refuse')
      expect(await send(2)).toEqual([200, 200])
      disk.fill()
      let refused = 0
      for (let i = 0; i < 20 && refused === 0; i++) refused = (await send(3)).filter((status) => status !== 200)[0] ?? 0
      expect([429, 503]).toContain(refused)
      disk.free()
      // By itself, and in a moment.
      await eventually(async () => (await send(1))[0] === 200)
      proxy.fault(() => 'pass')
      await drained()
      expect(await send(2)).toEqual([200, 200])
      await isRight(db)
    } finally {
      await collector?.close()
      collector = undefined
      await proxy.close()
      await db.stop()
      disk.unmount()
    }
  })
})
