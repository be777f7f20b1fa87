import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { windowMs } from '../../server/analysis/clock/windows.ts'
import type { Reanalysis } from '../../server/api/contract-reanalyses.ts'
import type { Trace } from '../../server/api/contract.ts'
import { connect } from '../../storage/clickhouse.ts'
import { eventually } from '../eventually.ts'
import { startHopscope, type RunningHopscope } from '../harness.ts'
import { t1Export, t1SpanId } from '../t1.ts'

/** What many traces teach about clocks and wires, through the whole program and across a restart. */
const us = 1000
const environment = { HOPSCOPE_SETTLE_QUIET_MS: '500', HOPSCOPE_SETTLE_MAX_MS: '5000' }
let dataDir: string
let hopscope: RunningHopscope
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hopscope-test-'))
  hopscope = await startHopscope(environment, { dataDir })
  // After the end of its window what is known of a clock is told less surely with each second.
  const leftMs = windowMs - (Date.now() % windowMs)
  if (leftMs < 60_000) await sleep(leftMs)
}, 240_000)
afterAll(async () => {
  await hopscope?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** Clocks of the nodes of T1, ns ahead of the gateway's. */
const skew: Record<string, number> = { 'node-b': 20_000 * us, 'node-c': -7_000 * us }

/** T1 in one zone, the clocks of two nodes off; `early`: by how much cart and pay got their requests sooner, ns. */
async function send(early = 0): Promise<string> {
  const traceId = randomBytes(16).toString('hex')
  const { resourceSpans } = t1Export(traceId, BigInt(Date.now()) * 1_000_000n)
  for (const { resource, scopeSpans } of resourceSpans) {
    const node = resource.attributes.find(({ key }) => key === 'k8s.node.name')!.value.stringValue
    resource.attributes.push({ key: 'cloud.availability_zone', value: { stringValue: 'z1' } })
    const shift = skew[node] === undefined ? 0 : skew[node] - early
    for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
      span.startTimeUnixNano = String(BigInt(span.startTimeUnixNano) + BigInt(shift))
      span.endTimeUnixNano = String(BigInt(span.endTimeUnixNano) + BigInt(shift))
    }
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ resourceSpans })
  const response = await fetch(`${hopscope.otlpHttpUrl}/v1/traces`, { method: 'POST', headers, body })
  expect(response.status).toBe(200)
  return traceId
}

const query = async <Row>(sql: string): Promise<Row[]> => {
  const clickhouse = connect(`${hopscope.engineUrl}/hopscope`)
  try {
    return await clickhouse.query<Row>(sql)
  } finally {
    await clickhouse.close()
  }
}

const legColumns = ['added', 'overhead', 'request_path', 'response_path']
interface Facts extends Record<string, string | null> {
  span: string
}

/** The page of a trace once it has facts, and that its numbers are those of the facts. */
async function settled(traceId: string): Promise<Trace> {
  const facts = await eventually(async () => {
    const rows = await query<Facts>(
      `SELECT lower(hex(span)) AS span, ${legColumns.join(', ')} FROM proxies WHERE trace_id = unhex('${traceId}')
       ORDER BY revision DESC LIMIT 1 BY span`,
    )
    return rows.length > 0 ? rows : undefined
  })
  const response = await fetch(`${hopscope.apiUrl}/api/v1/traces/${traceId}`)
  const trace = (await response.json()) as Trace
  // Facts have the estimate or, of what is bounded, the upper end.
  const text = ({ fidelity, ns, hiNs }: { fidelity: string; ns: number | null; hiNs: number | null }) => {
    const value = fidelity === 'bounded' ? hiNs : ns
    return value === null ? null : String(value)
  }
  for (const { spanId, added, overhead, requestPath, responsePath } of trace.proxies) {
    const { span: _, ...row } = facts.find(({ span }) => span === spanId)!
    expect(row).toEqual({
      added: text(added),
      overhead: text(overhead),
      request_path: text(requestPath),
      response_path: text(responsePath),
    })
  }
  return trace
}

const proxy = (trace: Trace, id: string) => trace.proxies.find(({ spanId }) => spanId === t1SpanId(id))!

/** o1 between clocks 20 ms apart: 400 µs there, 300 µs back; and an estimate by the wire behind the gateway, 400 µs. */
function expectKnown(trace: Trace): void {
  const { requestPath, responsePath, overhead } = proxy(trace, 'o1')
  expect([requestPath.fidelity, responsePath.fidelity]).toEqual(['bounded', 'bounded'])
  for (const [hi, truth] of [
    [requestPath.hiNs!, 400 * us],
    [responsePath.hiNs!, 300 * us],
  ] as const) {
    expect(hi).toBeGreaterThanOrEqual(truth)
    expect(hi).toBeLessThan(truth + 100 * us)
  }
  expect(overhead).toMatchObject({ fidelity: 'modelled', loNs: 0, hiNs: 700 * us })
  expect(Math.abs(overhead.ns! - 300 * us)).toBeLessThan(5 * us)
  expect(Math.abs(trace.tax.mesh.estimateNs! - 1900 * us)).toBeLessThan(10 * us)
  const i1 = trace.spans.find(({ spanId }) => spanId === t1SpanId('i1'))!
  const o1 = trace.spans.find(({ spanId }) => spanId === t1SpanId('o1'))!
  expect(i1.flags.filter((flag) => flag.startsWith('skew'))).toEqual([])
  const placed = Number(BigInt(i1.placedStartUnixNano) - BigInt(o1.placedStartUnixNano))
  expect(Math.abs(placed - 400 * us)).toBeLessThan(100 * us)
}

describe('what many traces teach', () => {
  it('is unknown before there are many', async () => {
    const trace = await settled(await send())
    const { requestPath, overhead } = proxy(trace, 'o1')
    expect(requestPath.reasons).toEqual(['skew_unknown'])
    expect(overhead).toMatchObject({ fidelity: 'bounded', loNs: 0, hiNs: 700 * us })
    expect(trace.tax.mesh.estimateNs).toBeNull()
    expect(trace.flags).toContain('skew_modeled')
  })

  it('gives the traces after them legs across nodes and estimates', async () => {
    for (let i = 0; i < 40; i++) await send([380, 0, -280][i % 3]! * us)
    await eventually(async () => {
      const rows = await query<{ clocks: string; wires: string }>(
        'SELECT (SELECT count() FROM clock_offsets) AS clocks, (SELECT count() FROM wire_times) AS wires',
      )
      const [{ clocks, wires } = { clocks: '0', wires: '0' }] = rows
      return clocks !== '0' && wires !== '0'
    })
    const offsets = await query<{ pair: string; ms: number; agreement: number }>(
      `SELECT concat(from_clock, ' > ', to_clock) AS pair, round(argMax(theta, job) / 1e6, 1) AS ms, argMax(agreement, job) AS agreement
       FROM clock_offsets GROUP BY pair ORDER BY pair`,
    )
    expect(offsets).toEqual([
      { pair: 'node node-a > node node-b', ms: 20, agreement: 1 },
      { pair: 'node node-a > node node-c', ms: -7, agreement: 1 },
    ])
    expectKnown(await settled(await send()))
  })

  it('is still known after a restart', async () => {
    await hopscope.stop()
    hopscope = await startHopscope(environment, { dataDir })
    expectKnown(await settled(await send()))
  })

  it('is what traces get that are analysed again, on their pages as in their facts', async () => {
    const first = (await query<{ id: string }>('SELECT lower(hex(argMin(trace_id, start))) AS id FROM traces'))[0]!.id
    const url = `${hopscope.apiUrl}/api/v1/reanalyses`
    const body = JSON.stringify({ from: 'now-1h', to: 'now' })
    const headers = { 'content-type': 'application/json' }
    const asked = (await (await fetch(url, { method: 'POST', headers, body })).json()) as Reanalysis
    const rows = () => query<{ n: string }>('SELECT sum(n) AS n FROM clock_offsets')
    const before = await rows()
    const done = await eventually(async () => {
      const now = (await (await fetch(`${url}/${asked.id}`)).json()) as Reanalysis
      return now.state === 'done' ? now : undefined
    })
    expect(done).toMatchObject({ traces: 43, reanalysed: 43, kept: 0, failed: 0 })
    expect(await rows()).toEqual(before)
    // Settled before anything was known, and now as if it had been.
    const trace = await settled(first)
    const { windows } = (
      await query<{ windows: string }>(
        `SELECT uniqExact(toStartOfInterval(start, INTERVAL 5 MINUTE)) AS windows FROM traces`,
      )
    )[0]!
    if (windows === '1') expectKnown(trace)
    for (const { id } of await query<{ id: string }>('SELECT DISTINCT lower(hex(trace_id)) AS id FROM traces'))
      await settled(id)
  })
})
