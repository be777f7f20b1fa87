import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AlertRecord } from '../../server/alerts/book.ts'
import { inactive } from '../../server/alerts/state.ts'
import { writeDocuments, type Written } from '../../server/queries/alerts/documents.ts'
import { nameProxies, writeMinutes } from './alert-traffic.ts'
import { anAlert } from './an-alert.ts'
import { startMeasuredApi, type MeasuredApi } from './measured-api.ts'

/** What Prometheus reads of proxies, alerts and what is told of them. */
const minute = 60_000
const busy = 'a'.repeat(16)
const seldom = 'b'.repeat(16)
const target = 'f'.repeat(16)
let api: MeasuredApi
let lines: string[]

beforeAll(async () => {
  api = await startMeasuredApi()
  const { clickhouse } = api.db
  const now = Math.floor(Date.now() / minute) * minute
  const usual = { kind: 'proxy' as const, metric: 'added', fromMs: now - 30 * minute, toMs: now + 5 * minute }
  await writeMinutes(clickhouse, [
    { ...usual, id: busy, fidelity: 'modelled', perMinute: 120, medianNs: () => 2e6 },
    { ...usual, id: seldom, perMinute: 5, medianNs: () => 2e6 },
  ])
  await nameProxies(clickhouse, { [busy]: 'cart "1"', [seldom]: 'pay' })
  const record = (id: string, more: Partial<AlertRecord>): Written => {
    const body = { ...anAlert, state: { ...inactive(now), phase: 'firing' }, ...more, id } as unknown as AlertRecord
    return { kind: 'alert', id, revision: now, atMs: now, state: body.state.phase, body }
  }
  const note = (id: string, state: string): Written => ({
    ...{ kind: 'notification', id, revision: now, atMs: now, state, body: { targetId: target } },
  })
  await writeDocuments(clickhouse, [
    record('1'.repeat(16), {}),
    record('2'.repeat(16), { quiet: 'symptom' }),
    record('3'.repeat(16), { state: { ...inactive(now), phase: 'pending' } }),
    ...[note('w1', 'waiting'), note('w2', 'waiting'), note('d', 'dead'), note('s', 'sent')],
    {
      ...{ kind: 'progress', id: 'regression', revision: now - 60_000, atMs: now },
      body: { holder: 'x', rules: 4, evaluations: 17, durationMs: 250, leftOut: 2, next: 0 },
    },
  ])
  lines = (await (await fetch(`${api.url}/metrics`)).text()).split('\n')
})
afterAll(() => api?.stop())

/** Of a metric, values by labels. */
const valuesOf = (name: string) =>
  Object.fromEntries(
    lines.flatMap((line): [string, number][] => {
      const [, labels = '', value] = new RegExp(`^hopscope_${name}\\{(.*)\\} (\\S+)$`).exec(line) ?? []
      return value === undefined ? [] : [[labels, Number(value)]]
    }),
  )

describe('/metrics', () => {
  it('has quantiles of proxies, in seconds, at the level that they are of, and none that may not be claimed', () => {
    const latency = valuesOf('proxy_latency_seconds')
    const of = (q: string) =>
      latency[`proxy="${busy}",name="cart \\"1\\"",measure="added",fidelity="modelled",quantile="${q}"`]
    expect(of('0.5')! * 1e3).toBeCloseTo(2, 0)
    expect(of('0.95')!).toBeGreaterThan(of('0.5')!)
    // 600 requests in five minutes: p99 needs 2,000; of five a minute nothing can be said.
    expect(Object.keys(latency)).toHaveLength(2)
    expect(Object.values(valuesOf('proxy_requests'))).toEqual([600, 25])
  })

  it('has alerts by state, and those that somebody is told of by name', () => {
    expect(valuesOf('alerts_active')).toMatchObject({
      'state="firing",told="yes"': 1,
      'state="firing",told="no"': 1,
      'state="pending",told="yes"': 1,
      'state="stale",told="yes"': 0,
    })
    expect(valuesOf('alerts_firing')).toEqual({
      [`alert="${'1'.repeat(16)}",rule="r",kind="proxy",series="cart <1>",measure="added"`]: 1,
    })
  })

  it('says how far behind the evaluations are, and what waits or was given up', () => {
    const [behind] = Object.entries(valuesOf('alerts_behind_seconds'))
    expect(behind![0]).toBe('rules="regression"')
    expect(behind![1]).toBeGreaterThanOrEqual(59)
    expect(valuesOf('alerts_evaluations_total')).toEqual({ 'rules="regression"': 17 })
    expect(valuesOf('alerts_evaluation_duration_seconds')).toEqual({ 'rules="regression"': 0.25 })
    expect(valuesOf('alerts_rules_left_out')).toEqual({ 'rules="regression"': 2 })
    expect(valuesOf('alerts_outbox')).toEqual({ [`target="${target}"`]: 2 })
    expect(valuesOf('alerts_dead_letters')).toEqual({ [`target="${target}"`]: 1 })
  })
})
