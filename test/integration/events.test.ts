import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../server/api/contract.ts'
import { EventItem, EventList } from '../../server/api/contract-events.ts'
import { at, startMeasuredApi, type MeasuredApi } from './measured-api.ts'

/** What is told of deploys, and what spans show of them. */
let api: MeasuredApi
beforeAll(async () => {
  api = await startMeasuredApi()
})
afterAll(() => api?.stop())

const json = { 'content-type': 'application/json' }
const post = (body: unknown, headers: Record<string, string> = json) =>
  fetch(`${api.url}/api/v1/events`, { method: 'POST', headers, body: JSON.stringify(body) })
const list = async (fromMs: number, toMs: number) =>
  (await api.get(EventList, 'events', { from: fromMs, to: toMs })).items

describe('an event that is told', () => {
  it('is stored, answered with its id, and listed in windows that it lies in', async () => {
    const told = {
      kind: 'deploy',
      title: 'pay 1.29',
      atUnixNano: `${at(10)}000123`,
      labels: { service: 'pay', by: "o'neill" },
    }
    const response = await post(told)
    expect(response.status).toBe(201)
    const stored = EventItem.parse(await response.json())
    expect(stored).toMatchObject({ ...told, source: 'told', proxyId: null })
    expect(await list(at(10), at(10, 1))).toEqual([stored])
    expect(await list(at(9), at(10))).toEqual([])
    expect(await list(at(10, 0, 1), at(11))).toEqual([])
  })

  it('is of now when it does not say when', async () => {
    const { atUnixNano } = EventItem.parse(await (await post({ kind: 'config', title: 'timeouts' })).json())
    expect(Math.abs(Number(BigInt(atUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(60_000)
  })

  it.each([
    [{}, 'kind'],
    [{ kind: 'deploy' }, 'title'],
    [{ kind: '', title: 'x' }, 'kind'],
    [{ kind: 'deploy', title: 'x'.repeat(201) }, 'title'],
    [{ kind: 'deploy', title: 'x', atUnixNano: 'now' }, 'atUnixNano'],
    [{ kind: 'deploy', title: 'x', atUnixNano: '-5' }, 'atUnixNano'],
    [{ kind: 'deploy', title: 'x', labels: { service: 1 } }, 'labels.service'],
    [{ kind: 'deploy', title: 'x', who: 'me' }, 'who'],
  ])('that is none is refused: %j', async (body, field) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    const problem = Problem.parse(await response.json())
    expect(problem.field ?? '').toBe(field)
  })

  it('comes from pages of this server or from no page, as JSON, by POST', async () => {
    const event = { kind: 'deploy', title: 'x' }
    expect((await post(event, { ...json, origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await post(event, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await fetch(`${api.url}/api/v1/events`, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('a version that comes', () => {
  it('is seen once, at its first request, of the proxy and of the application', async () => {
    const { clickhouse } = api.db
    const fact = (version: string, ms: number, sign = 1) =>
      clickhouse.command(
        `INSERT INTO proxies (sign, proxy_id, namespace, version, start)
           SELECT {sign:Int8}, 7, 'shop', {version:String}, fromUnixTimestamp64Milli({ms:Int64})`,
        { sign, version, ms },
      )
    await clickhouse.command(
      `INSERT INTO proxy_names (proxy_id, name, namespace, role, family, workload, seen_at) SELECT 7, 'pay', 'shop', 'sidecar-inbound', 'envoy', 'pay', now()`,
    )
    for (let minute = 0; minute < 240; minute += 10) await fact('1.28', at(14, minute))
    // Written out of order, in several parts, one of them revised.
    for (const minute of [30, 10, 20]) await fact('1.29', at(16, minute))
    await fact('1.29', at(16, 10), -1)
    await fact('1.29', at(16, 10))
    await clickhouse.command(
      `INSERT INTO hops (sign, hop_id, callee, callee_version, start)
         SELECT 1, 9, 'stock', arrayElement(['a', 'b'], number + 1), fromUnixTimestamp64Milli({ms:Int64}) + toIntervalMinute(45 * number)
         FROM numbers(2)`,
      { ms: at(15) },
    )
    expect(await list(at(15, 30), at(17))).toEqual([
      {
        ...{ id: null, source: 'seen', kind: 'version', title: 'stock b', proxyId: null },
        ...{ atUnixNano: `${at(15, 45)}000000`, labels: { service: 'stock', version: 'b', before: 'a' } },
      },
      {
        ...{ id: null, source: 'seen', kind: 'version', title: 'pay 1.29', proxyId: '0000000000000007' },
        atUnixNano: `${at(16, 10)}000000`,
        labels: { service: 'pay', version: '1.29', before: '1.28', namespace: 'shop' },
      },
    ])
    expect(await list(at(16, 11), at(17))).toEqual([])
  })
})
