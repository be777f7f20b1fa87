import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../storage/clickhouse.ts'
import { checkRoom, takeDataDirectory } from '../../storage/data-directory.ts'
import { startEngine as startEmbedded, type Engine } from '../../storage/engine.ts'
import { entryArgs } from '../../storage/entry.ts'
import { eventually } from '../eventually.ts'

const log = pino({ level: 'silent' })
let dataDir: string
let engine: Engine | undefined
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hopscope-engine-'))
})
afterEach(async () => {
  await engine?.stop()
  engine = undefined
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

const memoryBytes = 2 ** 30
async function start(httpPort = 0, silenceMs = 30_000) {
  engine = await startEmbedded({ dataDir, httpPort, memoryBytes, silenceMs, log })
  return engine
}
const alive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the embedded engine', () => {
  it('keeps what was committed over kill -9, comes back on the same port, and ends cleanly', async () => {
    const { url, pid, restarts, stop } = await start()
    const clickhouse = connect(url)
    await clickhouse.command('CREATE DATABASE kept')
    await clickhouse.command('CREATE TABLE kept.n (n UInt64) ENGINE = MergeTree ORDER BY n')
    await clickhouse.command('INSERT INTO kept.n SELECT number FROM numbers(100000)')
    const before = pid()!
    process.kill(before, 'SIGKILL')
    await eventually(() => restarts() === 1 && clickhouse.ping())
    expect(pid()).not.toBe(before)
    const count = 'SELECT count() AS n FROM kept.n'
    expect(await clickhouse.query(count)).toEqual([{ n: '100000' }])
    await clickhouse.close()

    const last = pid()!
    await stop()
    expect(alive(last)).toBe(false)
    const again = await start()
    const reconnected = connect(again.url)
    expect(await reconnected.query(count)).toEqual([{ n: '100000' }])
    await reconnected.close()
  })

  it('keeps to its share of memory and to loopback', async () => {
    const { url } = await start()
    const clickhouse = connect(url)
    const [limit] = await clickhouse.query<{ value: string }>(
      `SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'`,
    )
    expect(limit!.value).toBe(String(memoryBytes))
    const settings = await clickhouse.query<{ name: string; value: string }>(
      `SELECT name, value FROM system.settings WHERE name IN ('async_insert', 'max_memory_usage') ORDER BY name`,
    )
    expect(settings.map((s) => s.value)).toEqual(['0', String(Math.floor(memoryBytes * 0.7))])
    await expect(clickhouse.query('SELECT groupArray(randomString(1000)) FROM numbers(10000000)')).rejects.toThrow(
      /memory limit/i,
    )
    await clickhouse.close()
    const port = new URL(url).port
    const listening = await readFile('/proc/net/tcp', 'utf8')
    const hex = Number(port).toString(16).toUpperCase().padStart(4, '0')
    expect(listening).toContain(`0100007F:${hex} 00000000:0000 0A`)
  })

  it('is started again when it answers nothing, and not because whoever should ask it was stopped', async () => {
    const silenceMs = 6_000
    const { pid, restarts, url } = await start(0, silenceMs)
    const first = pid()!
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.5 * silenceMs)
    await sleep(silenceMs / 3)
    expect([pid(), restarts()]).toEqual([first, 0])
    process.kill(first, 'SIGSTOP')
    const answers = () =>
      fetch(`${url}/ping`).then(
        ({ ok }) => ok,
        () => false,
      )
    await eventually(() => restarts() === 1 && answers())
    expect(pid()).not.toBe(first)
  })

  it('says that its port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await expect(start(port)).rejects.toThrow(`port ${port} for the embedded ClickHouse is in use`)
    server.close()
  })

  it('ends when its parent is killed', async () => {
    const directory = join(dataDir, 'orphan')
    await mkdir(directory)
    const script = join(directory, 'parent.mts')
    const source = new URL('../../storage/engine.ts', import.meta.url)
    await writeFile(
      script,
      `import { startEngine } from '${source.href}'
       const log = { warn() {}, error() {} }
       const engine = await startEngine({ dataDir: '${directory}', httpPort: 0, memoryBytes: ${memoryBytes}, log })
       console.log(engine.pid())`,
    )
    const [flag, tsx] = entryArgs('./x', import.meta.url)
    const parent = spawn(process.execPath, [flag!, tsx!, script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = (await once(parent.stdout, 'data')) as [Buffer]
    const enginePid = Number(said.toString())
    expect(alive(enginePid)).toBe(true)
    parent.kill('SIGKILL')
    await eventually(() => !alive(enginePid))
  })
})

describe('the data directory', () => {
  it('belongs to one process at a time', async () => {
    const path = join(dataDir, 'locked')
    const first = await takeDataDirectory(path, 0)
    await expect(takeDataDirectory(path, 0)).rejects.toThrow(
      `the data directory ${path} is in use by process ${process.pid}: stop that hopscope`,
    )
    const second = takeDataDirectory(path, 5000)
    await sleep(200)
    first.release()
    ;(await second).release()
  })

  it('stays locked while a child has the descriptor, and is free when that is killed', async () => {
    const path = join(dataDir, 'inherited')
    const { lockFd, release } = await takeDataDirectory(path, 0)
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', lockFd] })
    release()
    await expect(takeDataDirectory(path, 0)).rejects.toThrow('is in use by process')
    child.kill('SIGKILL')
    ;(await takeDataDirectory(path, 5000)).release()
  })

  it('is refused when a newer hopscope made it', async () => {
    const path = join(dataDir, 'newer')
    ;(await takeDataDirectory(path, 0)).release()
    ;(await takeDataDirectory(path, 0)).release()
    await writeFile(join(path, 'layout'), '2\n')
    await expect(takeDataDirectory(path, 0)).rejects.toThrow(
      /was made by a newer hopscope \(layout 2, this one knows 1\)/,
    )
  })

  it('is refused when it cannot be written or has no room', async () => {
    await expect(takeDataDirectory('/proc/hopscope', 0)).rejects.toThrow(
      /^the data directory \/proc\/hopscope cannot be used \(ENOENT\)/,
    )
    expect(() => checkRoom('/data', 100 * 2 ** 20)).toThrow(
      'no room in the data directory /data: 100 MiB free, at least 256 MiB are needed',
    )
    expect(() => checkRoom('/data', 2 ** 30)).not.toThrow()
  })
})
