import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../server/api/contract.ts'
import { eventually } from '../eventually.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import { t1Export, t1SpanId } from '../t1.ts'

/** The whole program: OTLP in, the API out. */
let hopscope: RunningHopscope
const settleMs = 1500
beforeAll(async () => {
  hopscope = await startHopscope({ HOPSCOPE_SETTLE_QUIET_MS: String(settleMs), HOPSCOPE_SETTLE_MAX_MS: '10000' })
})
afterAll(() => hopscope?.stop())

async function get<T>(path: string): Promise<T> {
  const response = await fetch(hopscope.apiUrl + path)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

describe('trace T1 of algorithms.md, through OTLP in and the API out', () => {
  const traceId = randomBytes(16).toString('hex')
  let trace: Trace
  beforeAll(async () => {
    const body = JSON.stringify(t1Export(traceId, BigInt(Date.now()) * 1_000_000n))
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${hopscope.otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })
    expect([response.status, await response.json()]).toEqual([200, {}])
    // Acknowledged by the spool, it is in ClickHouse a moment later.
    trace = await eventually(() => get<Trace>(`/api/v1/traces/${traceId}`).catch(() => undefined))
  })

  const hop = (callee: string) => trace.hops.find((h) => h.callee?.spanId === t1SpanId(callee))!
  const proxy = (id: string) => trace.proxies.find((p) => p.spanId === t1SpanId(id))!

  it('has the transits of D3, and segments that add up to them', () => {
    const transits = ['A', 'B', 'C'].map((callee) => [hop(callee).kind, hop(callee).transit.ns])
    expect(transits).toEqual([
      ['entry', 1_300_000],
      ['internal', 1_150_000],
      ['internal', 1_150_000],
    ])
    for (const { transit, segments } of trace.hops) expect(segments.reduce((sum, s) => sum + s.ns, 0)).toBe(transit.ns)
  })

  it('has the in-process times of D4', () => {
    expect(proxy('g')).toMatchObject({
      family: 'krakend',
      role: 'gateway',
      overhead: { ns: 500_000, fidelity: 'exact' },
      requestPath: { ns: 300_000 },
      responsePath: { ns: 200_000 },
    })
    const upper = ['p1', 'o1', 'i1', 'o2', 'i2'].map((id) => proxy(id).overhead)
    expect(upper.map((m) => [m.fidelity, m.loNs, m.hiNs])).toEqual(
      [400, 700, 350, 680, 350].map((us) => ['bounded', 0, us * 1000]),
    )
  })

  it('has the added intervals and estimates of D4b', () => {
    const added = ['g', 'p1', 'o1', 'i1', 'o2', 'i2'].map((id) => proxy(id).added)
    expect(added.map((m) => [m.loNs, m.ns, m.hiNs])).toEqual([
      [500_000, null, null],
      [0, 400_000, 800_000],
      [0, null, 800_000],
      [0, 350_000, 1_050_000],
      [0, null, 800_000],
      [0, 350_000, 1_030_000],
    ])
  })

  it('has the taxes of D8 and a critical path that sums to the duration', () => {
    expect(trace.tax.mesh).toMatchObject({ lowerNs: 0, upperNs: 2_700_000, estimateNs: null, share: 0.225 })
    expect(trace.tax.gateway).toMatchObject({ lowerNs: 500_000, upperNs: 500_000 })
    expect(trace.durationNs).toBe(12_000_000)
    expect(trace.criticalPath.reduce((sum, segment) => sum + segment.ns, 0)).toBe(12_000_000)
    expect(trace.criticalPath).toHaveLength(23)
  })

  it('is on the lists within two seconds after it has settled', async () => {
    const until = Date.now() + settleMs + 2000
    const list = <T>(path: string, whole: (items: T[]) => boolean) =>
      eventually(async () => {
        const { items } = await get<{ items: T[] }>(`/api/v1/${path}?from=now-5m`)
        return whole(items) ? items : undefined
      }, until - Date.now())
    const [listed] = await list<{ traceId: string }>('traces', (items) =>
      items.some((item) => item.traceId === traceId),
    )
    expect(listed).toMatchObject({
      rootService: 'krakend-edge',
      durationNs: 12_000_000,
      spanCount: 12,
      hopCount: 3,
      error: false,
    })
    // Rollups follow the facts in the same job.
    const proxies = await list<{ family: string; requests: number }>('proxies', (items) => items.length > 0)
    expect(proxies.map((p) => [p.family, p.requests]).sort()).toEqual([
      ['envoy', 1],
      ['envoy', 1],
      ['envoy', 1],
      ['envoy', 2],
      ['krakend', 1],
    ])
    const hops = await list<{ callee: string }>('hops', (items) => items.length > 0)
    expect(hops).toHaveLength(3)
  })
})
