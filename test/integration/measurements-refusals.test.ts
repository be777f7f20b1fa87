import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../server/api/contract.ts'
import { resources } from '../../server/api/openapi.ts'
import { eventually } from '../eventually.ts'
import { at, startMeasuredApi, writeTraffic, type MeasuredApi } from './measured-api.ts'
import { hopIds, proxyIds } from './measured-traffic.ts'

/** What the API answers when it cannot give what was asked for. */
let api: MeasuredApi
beforeAll(async () => {
  api = await startMeasuredApi()
  await writeTraffic(api.db, 300)
}, 300_000)
afterAll(() => api?.stop())

const ask = (path: string, init: RequestInit = {}) => fetch(`${api.url}/api/v1/${path}`, init)

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem = Problem.parse(await response.json())
  expect(problem.status).toBe(response.status)
  return problem
}

const hop = `hops/${hopIds.entry}`
const proxy = `proxies/${proxyIds.gateway}`

describe('a request that cannot be meant', () => {
  it.each([
    ['proxies?from=yesterday', 'from'],
    ['proxies?from=now&to=now-1h', 'from'],
    ['proxies?from=now-401d', 'from'],
    ['proxies?to=-5', 'to'],
    ['proxies?from=now-1h&from=now-2h', 'from'],
    ['proxies?limit=5', 'limit'],
    ['proxies?role=king', 'role'],
    ['proxies?family=' + 'x'.repeat(65), 'family'],
    ['proxies?__proto__=1', '__proto__'],
    ['hops?kind=sideways', 'kind'],
    ['hops?proxy=abc', 'proxy'],
    ['hops?fidelity=exact', 'fidelity'],
    ['hops/0123', 'id'],
    ['hops/zzzzzzzzzzzzzzzz', 'id'],
    ["hops/1'%20OR%201=1", 'id'],
    [`${hop}?q=x`, 'q'],
    [`${hop}/series?metric=added`, 'metric'],
    [`${hop}/series?metric=segment:`, 'metric'],
    [`${hop}/series?stepMs=90000`, 'stepMs'],
    [`${hop}/series?stepMs=1000`, 'stepMs'],
    [`${hop}/series?stepMs=abc`, 'stepMs'],
    [`${hop}/series?stepMs=60000&from=now-30d`, 'stepMs'],
    [`${hop}/series?fidelity=unknown`, 'fidelity'],
    [`${hop}/heatmap?metric=nothing`, 'metric'],
    [`${proxy}/series?metric=transit`, 'metric'],
    [`${proxy}/heatmap?stepMs=0`, 'stepMs'],
    [`${proxy}?environment=x`, 'environment'],
    ['proxies/xx/series', 'id'],
    ['overview?route=GET', 'route'],
    ['overview?service=x', 'service'],
    ['attributes', 'key'],
    ['attributes?key=password', 'key'],
    ['traces?cursor=AAAA', 'cursor'],
    ['traces?limit=0', 'limit'],
    ['traces?minNs=-1', 'minNs'],
    ['traces?error=maybe', 'error'],
    ['services?limit=1', 'limit'],
  ])('%s is refused and names %s', async (path, field) => {
    const response = await ask(path)
    expect(response.status).toBe(400)
    const problem = await problemOf(response)
    expect(problem.field).toBe(field)
    expect(problem.detail).toContain(field)
  })

  it.each([
    'hops/00000000000000ff',
    'hops/00000000000000ff/series',
    'hops/00000000000000ff/heatmap',
    'proxies/ffffffffffffffff',
    'proxies/ffffffffffffffff/series',
    'proxies/ffffffffffffffff/heatmap',
    'traces/0123456789abcdef0123456789abcdef',
    'nothing',
    `${hop}/more`,
  ])('%s is not found', async (path) => {
    const response = await ask(path)
    expect(response.status).toBe(404)
    await problemOf(response)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is not allowed on what is only read', async (method) => {
    for (const path of ['overview', 'proxies', proxy, hop, `${hop}/series`, 'attributes', 'traces', 'services']) {
      const response = await ask(path, { method })
      expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD'])
      await problemOf(response)
    }
  })
})

it('every documented resource answers GET, and HEAD with the same head', async () => {
  const window = JSON.stringify({ from: 'now-1h', to: 'now' })
  const post = async (path: string, body: string) => {
    const response = await ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return ((await response.json()) as { id: string }).id
  }
  const target = JSON.stringify({ kind: 'webhook', name: 'hook', url: 'https://hook.example/' })
  const samples: Record<string, string> = {
    '/reanalyses/{id}': await post('reanalyses', window),
    '/notification-targets/{id}': await post('notification-targets', target),
    '/proxies/{id}': proxyIds.gateway,
    '/hops/{id}': hopIds.entry,
    '/traces/{traceId}': `00000007${'0'.repeat(24)}`,
  }
  const needed: Record<string, string> = {
    '/attributes': '?key=route',
    '/proxies/{id}/rank': '?ns=1000000&fidelity=exact',
    '/hops/{id}/rank': '?ns=1000000&fidelity=exact',
    '/explore/groups': '?by=route',
    '/explore/values': '?key=route',
  }
  for (const { path } of resources.filter(({ method }) => method === undefined)) {
    const [entity = ''] = Object.keys(samples).filter((sample) => path.startsWith(sample))
    const filled = path.replace(/\{\w+\}/, samples[entity] ?? '')
    const query = needed[path] ?? ''
    const got = await ask(filled.slice(1) + query)
    const head = await ask(filled.slice(1) + query, { method: 'HEAD' })
    // The spans of these facts were never stored.
    const status = path === '/traces/{traceId}' ? 404 : 200
    expect([path, got.status, head.status]).toEqual([path, status, status])
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'))
    expect(await head.text()).toBe('')
    expect(got.headers.get('cache-control')).toBe('no-store')
  }
})

describe('a client that goes away', () => {
  const running = async () => {
    const sql = "SELECT query_id AS id FROM system.processes WHERE startsWith(query_id, 'hopscope-api-')"
    return (await api.db.clickhouse.query<{ id: string }>(sql)).map(({ id }) => id)
  }

  it.each(['overview?from=now-3d', `${hop}/series?from=now-3d`, `${proxy}/heatmap?from=now-3d`, 'hops?from=now-3d'])(
    'takes the queries of %s with it',
    async (path) => {
      // Rollups that take a minute to read.
      const { clickhouse } = api.db
      await clickhouse.command('RENAME TABLE rollup_1h TO rollup_1h_kept, rollup_5m TO rollup_5m_kept')
      try {
        for (const table of ['rollup_1h', 'rollup_5m']) {
          await clickhouse.command(`CREATE VIEW ${table} AS SELECT * FROM ${table}_kept
            WHERE n IN (SELECT sleepEachRow(0.1) FROM numbers(600) SETTINGS max_block_size = 1)`)
        }
        const client = new AbortController()
        const answer = ask(path, { signal: client.signal }).catch((error: Error) => error.name)
        await eventually(async () => (await running()).length > 0)
        client.abort()
        expect(await answer).toBe('AbortError')
        await eventually(async () => (await running()).length === 0)
      } finally {
        for (const table of ['rollup_1h', 'rollup_5m']) {
          await clickhouse.command(`DROP VIEW IF EXISTS ${table}`)
          await clickhouse.command(`RENAME TABLE ${table}_kept TO ${table}`)
        }
      }
      expect((await ask(path)).status).toBe(200)
    },
  )
})

it('without ClickHouse the answer is 503 with the id of the query, and all is well when it is back', async () => {
  const window = `from=${at(9)}&to=${at(14)}`
  const paths = ['overview', 'proxies', 'hops', `${hop}/series`, `${hop}/heatmap`, proxy, 'traces', 'attributes']
  const query = (path: string) => `${path}?${window}${path === 'attributes' ? '&key=role' : ''}`
  const before = await Promise.all(paths.map(async (path) => (await ask(query(path))).json()))
  process.kill(api.db.engine.pid()!, 'SIGKILL')
  const answers = await Promise.all(paths.map((path) => ask(query(path))))
  for (const answer of answers) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    expect((await problemOf(answer)).queryId).toMatch(/^hopscope-api-/)
  }
  await eventually(async () => (await ask(query('overview'))).ok)
  expect(await Promise.all(paths.map(async (path) => (await ask(query(path))).json()))).toEqual(before)
})
