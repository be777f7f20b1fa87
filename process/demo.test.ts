import { describe, expect, it } from 'vitest'
import { faulted } from './demo-incident.ts'
import { groupByTrace, loadTraces, pick, shiftTraces, demoRecordings, type RecordedTrace } from './demo.ts'

const folder = new URL('../test/fixtures/recordings', import.meta.url).pathname

describe('replay of recordings', () => {
  it('moves a trace to its new start and keeps every distance to the nanosecond', async () => {
    const [trace] = await loadTraces(folder, ['s6-krakend'])
    const start = 1_800_000_000_000_000_001n
    const moved = groupByTrace([shiftTraces([trace!], [start], 1)])[0]!
    expect(moved.start).toBe(start)
    const distances = (t: typeof moved) =>
      t.spans
        .map(({ span }) =>
          [span.spanId, BigInt(span.startTimeUnixNano) - t.start, BigInt(span.endTimeUnixNano) - t.start].join(),
        )
        .sort()
    expect(distances(moved)).toEqual(distances(trace!))
  })

  it('gives each round trace ids of its own and keeps parents within the trace', async () => {
    const [trace] = await loadTraces(folder, ['s1-sidecars'])
    const ids = [1, 2, 3].map((round) => groupByTrace([shiftTraces([trace!], [0n], round)])[0]!.spans[0]!.span.traceId)
    expect(new Set(ids).size).toBe(3)
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true)
  })

  it('finds every recording it names and interleaves them', async () => {
    const traces = await loadTraces(folder, demoRecordings)
    expect(traces.length).toBeGreaterThan(500)
    const services = new Set(
      traces.slice(0, demoRecordings.length).map((t) => JSON.stringify(t.spans[0]!.resource.resource)),
    )
    expect(services.size).toBeGreaterThan(3)
  })
})

describe('the incident of the demo', () => {
  const spanOf = ({ spans }: RecordedTrace, name: string, kind: number) =>
    spans.find(({ resource, span }) => JSON.stringify(resource.resource).includes(`"${name}"`) && span.kind === kind)
      ?.span
  const length = (span: { startTimeUnixNano: string; endTimeUnixNano: string }) =>
    Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6

  it('holds requests in the sidecar of payments for 20 to 60 ms, on three of four pods, and nothing else is slower', async () => {
    const traces = await loadTraces(folder, ['s1-sidecars'])
    let held = 0
    for (let nth = 0; nth < 1_000; nth++) {
      const [was, is] = [pick(traces, nth, false), pick(traces, nth, true)]
      expect(was).toBe(traces[nth % traces.length])
      if (is === was) continue
      held++
      const more = (name: string, kind: number) => length(spanOf(is, name, kind)!) - length(spanOf(was, name, kind)!)
      const byMs = more('payments.shop', 2)
      expect(byMs).toBeGreaterThanOrEqual(20)
      expect(byMs).toBeLessThan(60)
      expect(more('payments', 2)).toBe(0)
      for (const [name, kind] of [
        ['orders.shop', 3],
        ['orders', 3],
        ['frontend', 2],
      ] as const)
        expect(more(name, kind)).toBeCloseTo(byMs, 6)
      expect(JSON.stringify(spanOf(is, 'payments.shop', 2)!.attributes)).toMatch(/payments-6b8f4d7c9.*"v2"/)
      expect(JSON.stringify(spanOf(is, 'orders.shop', 3)!.attributes)).toContain('"v1"')
    }
    expect(held).toBeGreaterThan(700)
    expect(held).toBeLessThan(800)
  })
})

describe('a fault of the demo', () => {
  it('slows one proxy by so much while it lasts, and nothing else', async () => {
    const [trace] = await loadTraces(folder, ['s1-sidecars'])
    const fault = { proxy: 'payments.shop', byMs: 3, fromMs: 1_000, toMs: 2_000 }
    expect(faulted(trace!, fault, 999)).toBe(trace)
    expect(faulted(trace!, fault, 2_000)).toBe(trace)
    const slow = faulted(trace!, fault, 1_000)
    const lengthOf = ({ spans }: RecordedTrace, name: string, kind: number) => {
      const { span } = spans.find(
        ({ resource, span }) => JSON.stringify(resource.resource).includes(`"${name}"`) && span.kind === kind,
      )!
      return BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)
    }
    const more = (name: string, kind: number) => Number(lengthOf(slow, name, kind) - lengthOf(trace!, name, kind))
    expect(more('payments.shop', 2)).toBe(3_000_000)
    expect(more('payments', 2)).toBe(0)
    expect(slow.spans.map(({ span }) => span.attributes)).toEqual(trace!.spans.map(({ span }) => span.attributes))
  })
})
