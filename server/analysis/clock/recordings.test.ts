import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tracesOf, type ExportRequest } from '../../../test/otlp-json.ts'
import { analyseTrace } from '../analyse.ts'
import type { TraceAnalysis, TraceInput } from '../types.ts'
import { tighten, type Edge } from './network.ts'
import { offsetTable, type OffsetLookup } from './offsets.ts'
import { estimateWindow, type Sample } from './windows.ts'

/** Offsets learned from spans of real proxies, which all ran on one machine: every offset is 0, but in s10-skew. */
const folder = new URL('../../../test/fixtures/recordings/', import.meta.url).pathname
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

function inputsOf(name: string): TraceInput[] {
  const lines = gunzipSync(readFileSync(`${folder}${name}/spans.otlp.jsonl.gz`))
    .toString()
    .split('\n')
  return tracesOf(lines.filter(Boolean).map((line) => JSON.parse(line) as ExportRequest))
}

const analyse = (inputs: readonly TraceInput[], offset?: OffsetLookup): TraceAnalysis[] =>
  inputs.map((input) => analyseTrace(input, { networkRttNs: 0, offset }))

/** One window over the whole recording. */
function learn(traces: readonly TraceAnalysis[]): { edges: Edge[]; offset: OffsetLookup } {
  const samples = new Map<string, Sample[]>()
  for (const { exchanges, baseUnixNano } of traces)
    for (const { from, to, at, offset, lateEnd } of exchanges) {
      if (offset === null) continue
      const key = `${from.machine}\n${to.machine}`
      const ms = Number(baseUnixNano / 1_000_000n) + at / 1e6
      samples.set(key, [...(samples.get(key) ?? []), { at: ms, ...offset, lateEnd }])
    }
  const times = [...samples.values()].flat().map(({ at }) => at)
  const [fromMs, toMs] = [Math.min(...times), Math.max(...times) + 1]
  const edges = [...samples].flatMap(([key, list]) => {
    const [from = '', to = ''] = key.split('\n')
    const sorted = list.sort((a, b) => a.at - b.at)
    return estimateWindow(sorted, fromMs, toMs).flatMap(({ bounds, n, m }) =>
      bounds ? [{ from, to, ...bounds, n, m }] : [],
    )
  })
  const network = tighten(edges)
  const table = offsetTable()
  // Trace starts lie before the first exchange.
  for (const edge of edges) {
    const bounds = network.between(edge.from, edge.to) ?? null
    table.add({ ...edge, windowMs: 0, job: 1n, fromMs: 0, toMs, bounds })
  }
  return { edges, offset: table.lookup }
}

/** Clocks of s10-skew, ns. */
const moved: Record<string, number> = { 'node vm-1': 37_000_000, 'node vm-2': -5_000_000 }
const clockOf = (machine: string) => moved[machine] ?? 0

describe('offsets learned from recordings', () => {
  it.each(names)('%s: hold the true offset of every pair', (name) => {
    const { edges, offset } = learn(analyse(inputsOf(name)))
    for (const { from, to } of edges) {
      const { theta, epsilon } = offset(from, to, 0)!
      const truth = clockOf(to) - clockOf(from)
      expect([name, from, to, Math.abs(theta - truth) <= epsilon]).toEqual([name, from, to, true])
    }
  })

  const skewed = inputsOf('s10-skew')
  const { edges, offset } = learn(analyse(skewed))

  it('s10-skew: are found, 37 ms and -42 ms', () => {
    expect(edges.map(({ from, to }) => `${from} > ${to}`).sort()).toEqual([
      'node vm > node vm-1',
      'node vm-1 > node vm-2',
    ])
    const found = edges.map(({ from, to }) => offset(from, to, 0)!)
    expect(found.map(({ theta }) => Math.round(theta / 1e6))).toEqual([37, -42])
    for (const { epsilon } of found) expect(epsilon).toBeLessThan(200_000)
  })

  it('s10-skew: place every span of a moved node within the error of its offset', () => {
    const inputs = new Map(inputsOf('s2-gateway-mesh').map((input) => [input.traceId, input]))
    let checked = 0
    for (const trace of analyse(skewed, offset)) {
      const truth = new Map(inputs.get(trace.traceId)!.spans.map((span) => [span.spanId, span]))
      const spans = new Map(trace.spans.map((span) => [span.spanId, span]))
      for (const span of trace.spans) {
        const parent = spans.get(span.parentId)
        if (!parent) continue
        const [to, from] = [span, parent].map(
          ({ input }) => `node ${input.resource.attributes.get('k8s.node.name') ?? ''}`,
        ) as [string, string]
        if (from === to) continue
        const placed = span.placedStart - parent.placedStart
        const real = truth.get(span.spanId)!.start - truth.get(parent.spanId)!.start
        expect(Math.abs(placed - real)).toBeLessThanOrEqual(offset(from, to, 0)!.epsilon)
        expect(span.flags & (1 + 4)).toBe(0)
        checked++
      }
    }
    expect(checked).toBe(2 * 88)
  })

  it('s10-skew: give legs across nodes that hold what one clock would have shown', () => {
    const raw = new Map(inputsOf('s2-gateway-mesh').flatMap(({ spans }) => spans.map((span) => [span.spanId, span])))
    const known = new Set<string>()
    for (const trace of analyse(skewed, offset))
      for (const { spanId, identity, requestPath, responsePath } of trace.proxies) {
        if (identity.role !== 'sidecar-outbound' || requestPath.hiNs === null) continue
        const outer = raw.get(spanId)!
        const inner = raw.get(trace.spans.find((span) => span.parentId === spanId)!.spanId)!
        expect(requestPath.hiNs).toBeGreaterThanOrEqual(inner.start - outer.start)
        expect(responsePath.hiNs).toBeGreaterThanOrEqual(outer.start + outer.duration - (inner.start + inner.duration))
        known.add(spanId)
      }
    expect(known.size).toBeGreaterThan(60)
  })
})
