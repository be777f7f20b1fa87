import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { claimOf, clean, judge, readTruth, type Claim, type Verdict } from '../../bench/truth.ts'
import { tracesOf, type ExportRequest } from '../../test/otlp-json.ts'
import { analyseTrace } from './analyse.ts'
import type { TraceAnalysis } from './types.ts'

/** Spans of real proxies against packets (test/fixtures/recordings). The loopback lab has no network: round trip 0. */
const folder = new URL('../../test/fixtures/recordings/', import.meta.url).pathname
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
const recordings = new Map(names.map((name) => [name, analyse(name)]))

function analyse(name: string): TraceAnalysis[] {
  const lines = gunzipSync(readFileSync(`${folder}${name}/spans.otlp.jsonl.gz`))
    .toString()
    .split('\n')
    .filter(Boolean)
  return tracesOf(lines.map((line) => JSON.parse(line) as ExportRequest)).map((trace) =>
    analyseTrace(trace, { networkRttNs: 0 }),
  )
}

const claimsOf = (trace: TraceAnalysis): Claim[] =>
  trace.proxies.map(({ spanIds, identity, overhead, added }) => ({ spanIds, family: identity.family, overhead, added }))

function verdicts(name: string): Verdict[] {
  const traces = new Map(recordings.get(name)!.map((trace) => [trace.traceId, claimsOf(trace)]))
  return readTruth(folder, name)
    .filter(clean)
    .flatMap((truth) => {
      const claim = claimOf(truth, traces.get(truth.trace_id) ?? [])
      return claim ? [judge(truth, claim)] : []
    })
}

describe.each(names)('recording %s', (name) => {
  const traces = recordings.get(name)!

  it('has critical paths that sum to the duration, and hops whose segments sum to the transit', () => {
    for (const trace of traces) {
      const sum = trace.criticalPath.reduce((total, segment) => total + segment.ns, 0)
      if (trace.duration === null) expect(trace.criticalPath).toEqual([])
      else expect([trace.traceId, sum]).toEqual([trace.traceId, trace.duration])
      for (const { transit, segments } of trace.hops) {
        if (transit.ns !== null) expect(segments.reduce((total, s) => total + s.ns, 0)).toBe(transit.ns)
        expect(segments.every((s) => s.ns >= 0)).toBe(true)
      }
    }
  })

  it('says no in-process time above the packets and no number without its bounds', () => {
    expect(verdicts(name).filter((verdict) => verdict.above)).toEqual([])
    for (const { overhead, added } of traces.flatMap((trace) => trace.proxies))
      for (const { ns, loNs, hiNs, fidelity, reasons } of [overhead, added]) {
        if (fidelity === 'unknown') expect([ns, loNs, hiNs, reasons.length > 0]).toEqual([null, null, null, true])
        if (ns !== null && loNs !== null) expect(ns).toBeGreaterThanOrEqual(loNs)
        if (ns !== null && hiNs !== null) expect(ns).toBeLessThanOrEqual(hiNs)
        if (loNs !== null && hiNs !== null) expect(loNs).toBeLessThanOrEqual(hiNs)
      }
  })
})

describe('all recordings', () => {
  it('hold the truth of added time in at least 98 % of the requests of each family', () => {
    const all = names.flatMap(verdicts)
    const families = new Set(all.map((verdict) => verdict.family))
    expect([...families].sort()).toEqual(['caddy', 'envoy', 'krakend'])
    for (const family of families) {
      const of = all.filter((verdict) => verdict.family === family)
      expect([family, of.filter((verdict) => verdict.held).length / of.length >= 0.98]).toEqual([family, true])
    }
  })

  it('recognise every traced proxy in its role', () => {
    for (const name of names) {
      const traces = new Map(recordings.get(name)!.map((trace) => [trace.traceId, trace]))
      for (const truth of readTruth(folder, name).filter((record) => record.traced)) {
        const ids = truth.upstream.map((upstream) => upstream.injected_span_id)
        const seen = traces.get(truth.trace_id)?.proxies.find((proxy) => ids.some((id) => proxy.spanIds.includes(id)))
        if (seen) expect([name, seen.identity.family, seen.identity.role]).toEqual([name, truth.kind, truth.role])
      }
    }
  })

  it('give the same durations when the clocks of the nodes are moved (s10-skew)', () => {
    const numbers = (name: string) =>
      recordings
        .get(name)!
        .map(({ duration, hops, proxies }) => ({
          duration,
          transits: hops.map((hop) => hop.transit),
          added: proxies.map((proxy) => [proxy.overhead, proxy.added]),
        }))
        .map((trace) => JSON.stringify(trace))
        .sort()
    expect(numbers('s10-skew')).toEqual(numbers('s2-gateway-mesh'))
  })
})
