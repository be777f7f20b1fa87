import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { variables } from '../../process/config.ts'
import { connect } from '../../storage/clickhouse.ts'
import { eventually } from '../eventually.ts'
import { runHopscope, startEngine, startHopscope, type HopscopeOptions } from '../harness.ts'

/** The real program on bad days: one line on standard error that says what is wrong, exit code 1, nothing left running. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopscope-start-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function refusal(env: Record<string, string>, options?: HopscopeOptions): Promise<string> {
  const { code, stderr } = await runHopscope(env, options)
  expect([code, stderr.trim().split('\n').length]).toEqual([1, 1])
  expect(stderr).toMatch(/^hopscope cannot start: /)
  return stderr.trim().slice('hopscope cannot start: '.length)
}

describe('a start is refused in one line', () => {
  it.each([
    [
      { HOPSCOPE_PROT: '1' },
      'HOPSCOPE_PROT (environment) is not a setting of hopscope; `npm start -- --help` lists them',
    ],
    [{ HOPSCOPE_PORT: 'http' }, 'HOPSCOPE_PORT=http (environment): must be a port, 0 to 65535; 0 is any free one'],
    [
      { HOPSCOPE_ROLES: 'cook' },
      'HOPSCOPE_ROLES=cook (environment): must be some of collector, finaliser, api, alerts',
    ],
  ])('%j', async (env, message) => {
    expect(await refusal(env)).toBe(message)
  })

  it('a flag or a line of .env that is wrong, naming where it was set', async () => {
    expect(await refusal({}, { flags: ['--prot=1'] })).toContain('--prot=1 (command line) is not a flag')
    const dataDir = join(folder, 'env-file')
    await mkdir(dataDir)
    await writeFile(join(dataDir, '.env'), 'HOPSCOPE_SETTLE_QUIET_MS=soon\n')
    expect(await refusal({}, { dataDir })).toBe(
      'HOPSCOPE_SETTLE_QUIET_MS=soon (.env): must be milliseconds, a whole number',
    )
  })

  it('a data directory that cannot be one', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    expect(await refusal({ HOPSCOPE_DATA_DIR: file })).toBe(
      `the data directory ${file} cannot be used (ENOTDIR): set HOPSCOPE_DATA_DIR to another`,
    )
    expect(await refusal({ HOPSCOPE_DATA_DIR: '/proc/hopscope' })).toContain('/proc/hopscope cannot be used (ENOENT)')
  })

  it('a data directory of a newer hopscope', async () => {
    const dataDir = join(folder, 'newer')
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'layout'), '2\n')
    expect(await refusal({}, { dataDir })).toContain('was made by a newer hopscope (layout 2, this one knows 1)')
  })

  it.skipIf(!canMount())('a disk without room', async () => {
    const dataDir = join(folder, 'tiny')
    await mkdir(dataDir)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', dataDir]).status).toBe(0)
    try {
      expect(await refusal({}, { dataDir })).toBe(
        `no room in the data directory ${dataDir}: 20 MiB free, at least 256 MiB are needed`,
      )
    } finally {
      spawnSync('umount', [dataDir])
    }
  })

  // These wait as long as one that was there before may take to end: beside each other.
  it.concurrent('a port in use, naming the setting', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    expect(await refusal({ HOPSCOPE_OTLP_HTTP_PORT: String(port) })).toBe(
      `port ${port} on 127.0.0.1 is in use: set HOPSCOPE_OTLP_HTTP_PORT to another`,
    )
    server.close()
  })

  it.concurrent('a ClickHouse that is not there, without its password in the message', async () => {
    // Nobody is given it who asks for any free one.
    const port = 2
    const url = `http://someone:secret@127.0.0.1:${port}/hopscope`
    const message = await refusal({ CLICKHOUSE_URL: url })
    expect(message).toBe(
      `ClickHouse at 127.0.0.1:${port} does not answer: check CLICKHOUSE_URL and that the server runs`,
    )
  })

  it.concurrent('a second hopscope on the same directory while the first runs', async () => {
    const dataDir = join(folder, 'taken')
    await mkdir(dataDir)
    const first = await startHopscope({}, { dataDir })
    expect(await refusal({}, { dataDir })).toMatch(
      new RegExp(`^the data directory ${dataDir} is in use by process ${first.pid}: stop that hopscope`),
    )
    expect(await first.stop()).toBe(0)
  })
})

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
}

describe('with a database that was there before', () => {
  it('a wrong password, a newer schema and a changed migration are refused in one line', async () => {
    const db = await startEngine()
    try {
      const url = new URL(db.url)
      url.username = 'somebody'
      url.password = 'secret'
      const refused = await refusal({ CLICKHOUSE_URL: url.href })
      expect(refused).toMatch(new RegExp(`^ClickHouse at ${url.host} refuses \\(AUTHENTICATION_FAILED\\): `))
      expect(refused).not.toContain('secret')

      const note = (number: number, name: string) =>
        db.clickhouse.command(
          `INSERT INTO schema_migrations (number, name, checksum, state) VALUES (${number}, '${name}', 'x', 'applied')`,
        )
      await note(9999, '9999_later.sql')
      expect(await refusal({ CLICKHOUSE_URL: db.url })).toBe(
        'the database was made by a newer hopscope: its migration 9999_later.sql is unknown to this one',
      )
      await note(1, '0001_spans.sql')
      expect(await refusal({ CLICKHOUSE_URL: db.url })).toBe(
        'migration 0001_spans.sql was changed after it was applied: restore the file as it was',
      )
    } finally {
      await db.stop()
    }
  })
})

describe('--help', () => {
  it('prints every variable with its default, and starts nothing', async () => {
    const { code, stdout, stderr } = await runHopscope({}, { flags: ['--help'] })
    expect([code, stderr]).toEqual([0, ''])
    for (const [name, { byDefault }] of Object.entries(variables)) {
      const line = stdout.split('\n').find((text) => text.trim().split(' ')[0] === name)
      expect(line).toContain(`(${byDefault === '' ? 'unset' : byDefault})`)
    }
  })
})

const span = (traceId: string) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          spans: [
            {
              ...{ traceId, spanId: 'b7ad6b7169203331', name: 'GET /', kind: 2 },
              startTimeUnixNano: `${Date.now()}000000`,
              endTimeUnixNano: `${Date.now()}500000`,
            },
          ],
        },
      ],
    },
  ],
})

async function send(otlpHttpUrl: string, traceId: string): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(span(traceId))
  return (await fetch(`${otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })).status
}

const traceIdOf = (n: number) => n.toString(16).padStart(32, '0')

describe('the end', () => {
  it('SIGTERM to the whole process group drains: exit 0, every acknowledged span there after the next start', async () => {
    const dataDir = join(folder, 'drained')
    await mkdir(dataDir)
    const first = await startHopscope({}, { dataDir, ownGroup: true })
    let acknowledged = 0
    let stopping = false
    const sending = (async () => {
      while (!stopping)
        if ((await send(first.otlpHttpUrl, traceIdOf(acknowledged + 1)).catch(() => 0)) === 200) acknowledged++
    })()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const ended = first.stop('group')
    // Right away: it has to wait for the directory of the one before.
    const second = startHopscope({}, { dataDir })
    expect(await ended).toBe(0)
    stopping = true
    await sending
    const next = await second
    expect(acknowledged).toBeGreaterThan(0)
    const clickhouse = connect(`${next.engineUrl}/hopscope`)
    await eventually(async () => {
      const [row] = await clickhouse.query<{ n: string }>(
        `SELECT uniqExact(trace_id) AS n FROM spans WHERE hex(trace_id) <= upper('${traceIdOf(acknowledged)}')`,
      )
      return Number(row!.n) === acknowledged
    })
    await clickhouse.close()
    expect(await next.stop()).toBe(0)
  })
})

describe('a ClickHouse of its own', () => {
  it('serves a collector and a server in two programs, both of which migrate it at their start', async () => {
    const db = await startEngine({ migrated: false })
    const of = (roles: string) =>
      startHopscope({ CLICKHOUSE_URL: db.url, HOPSCOPE_ROLES: roles, HOPSCOPE_SETTLE_QUIET_MS: '500' })
    const [collector, server] = await Promise.all([of('collector'), of('finaliser,api,alerts')])
    try {
      expect([collector.apiUrl, server.otlpHttpUrl, collector.engineUrl]).toEqual(['', '', ''])
      const traceId = traceIdOf(77)
      expect(await send(collector.otlpHttpUrl, traceId)).toBe(200)
      // Acknowledged by the spool, it is in ClickHouse a moment later.
      const trace = await eventually(async () => {
        const response = await fetch(`${server.apiUrl}/api/v1/traces/${traceId}`)
        return response.ok && ((await response.json()) as { rootService: string })
      })
      expect(trace.rootService).toBe('shop')
      const [row] = await db.clickhouse.query<{ n: string; twice: string }>(
        `SELECT count() AS n, countIf(c > 1) AS twice FROM (
           SELECT number, count() AS c FROM schema_migrations WHERE state = 'applied' GROUP BY number)`,
      )
      expect([Number(row!.n) > 2, Number(row!.twice)]).toEqual([true, 0])
      for (const url of [collector.otlpHttpUrl, server.apiUrl]) expect((await fetch(`${url}/readyz`)).status).toBe(200)
    } finally {
      expect(await Promise.all([collector.stop(), server.stop()])).toEqual([0, 0])
      await db.stop()
    }
  })
})
