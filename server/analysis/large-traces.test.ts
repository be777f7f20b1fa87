import { describe, expect, it } from 'vitest'
import { auditTrace } from './audit.ts'
import { analyseTrace } from './analyse.ts'
import { SpanKind, type Attributes, type SpanInput, type TraceInput } from './types.ts'

/**
 * Traces deeper and wider than any that is sent on purpose, of one shape. A step that looks at all spans for each
 * of them would need minutes for 100,000, and is seen by what it reads.
 */
const many = 5_000
const settings = { networkRttNs: null }

let reads = 0
class Counted extends Map<string, string> {
  override get(key: string): string | undefined {
    reads++
    return super.get(key)
  }
}
const none: Attributes = new Counted()
const resource = (service: string, more: Record<string, string> = {}) => ({
  attributes: new Map(Object.entries({ 'service.name': service, 'host.id': service, ...more })),
})
const scope = (name: string) => ({ name, version: '' })
const app = { resource: resource('app'), scope: scope(''), attributeSet: none }
const other = { resource: resource('other'), scope: scope(''), attributeSet: none }
const envoy = (bound: string) => ({
  resource: resource('proxy', { 'telemetry.sdk.name': 'envoy' }),
  scope: scope('envoy'),
  attributeSet: new Counted([
    ['component', 'proxy'],
    ['node_id', 'sidecar~10.0.0.1~a-1.shop~x'],
    ['upstream_cluster', `${bound}|80||x`],
  ]),
})
const krakend = (stage: string) => ({
  resource: gateway,
  scope: scope('io.krakend.krakend-otel'),
  attributeSet: new Counted([['krakend.stage', stage]]),
})
const gateway = resource('gateway')
const [inbound, outbound] = [envoy('inbound'), envoy('outbound')]
const [global, proxy, backend] = [krakend('global'), krakend('proxy'), krakend('backend-request')]
const { server, client, internal } = SpanKind

type Part = Partial<SpanInput>
const span = (i: number, parentId: string, part: Part): SpanInput => ({
  ...{ spanId: `s${i}`, parentId, name: 'x', kind: internal, status: 0, flags: 0, start: 0, duration: 1e9 },
  ...{ attributes: none, events: [], links: [] },
  ...app,
  ...part,
})
const chain = (part: (i: number) => Part) => (n: number) =>
  Array.from({ length: n }, (_, i) => span(i, i ? `s${i - 1}` : '', { start: i, duration: 1e9 - 2 * i, ...part(i) }))
const fan = (root: Part, part: (i: number) => Part) => (n: number) =>
  Array.from({ length: n }, (_, i) =>
    i ? span(i, 's0', { start: i * 1000, duration: 900, ...part(i) }) : span(0, '', { ...root }),
  )
const row = (part: (i: number) => Part) => (n: number) =>
  Array.from({ length: n }, (_, i) => span(i, '', { start: i, ...part(i) }))

const shapes: Record<string, (n: number) => SpanInput[]> = {
  'a chain of internal spans': chain(() => ({})),
  'a chain of calls': chain((i) => (i % 2 ? { kind: client, ...app } : { kind: server, ...other })),
  'a chain of proxies': chain((i) => (i % 2 ? { kind: server, ...inbound } : { kind: client, ...outbound })),
  'a chain of stages of one proxy': chain((i) => (i ? proxy : { kind: server, ...global })),
  'a chain of upstream calls': chain((i) => (i ? { kind: client, ...backend } : { kind: server, ...global })),
  'a fan of servers below one call': fan({ kind: client }, () => ({ kind: server, ...other })),
  'a fan of proxies below one call': fan({ kind: client }, () => ({ kind: client, ...outbound })),
  'a fan of calls of one gateway': fan({ kind: server, ...global }, () => ({ kind: client, ...backend })),
  'a fan of calls that failed': fan({ kind: server, ...global }, (i) => ({
    ...{ kind: client, name: `call ${i % 7}`, status: 2, start: i * 10, duration: 5e8 },
    ...backend,
  })),
  'a fan of as many services': fan({ kind: client }, (i) => ({ kind: server, resource: resource(`service ${i}`) })),
  'as many roots': row(() => ({})),
  'as many orphans': row((i) => ({ parentId: `lost ${i}` })),
  'as many orphaned proxies': row((i) => ({ parentId: `lost ${i}`, kind: server, ...inbound })),
  'one ring': row((i) => ({ parentId: `s${(i + 1) % many}` })),
  'as many spans of one id': row((i) => ({ spanId: 's', duration: i })),
}
const trace = (spans: readonly SpanInput[]): TraceInput => ({ traceId: '1', baseUnixNano: 0n, spans })

describe('analyseTrace takes no more for each span of', () => {
  it.each(Object.entries(shapes))('%s', (_, spans) => {
    const readsOf = (n: number) => {
      reads = 0
      analyseTrace(trace(spans(n)), settings)
      return reads
    }
    readsOf(100) // what emitters are is worked out once
    expect(readsOf(1000)).toBeLessThan(2.1 * readsOf(500) + 100)
    const large = trace(spans(many))
    const analysed = analyseTrace(large, settings)
    const told = analysed.criticalPath.reduce((sum, { ns }) => sum + ns, 0)
    if (analysed.duration !== null) expect(told).toBe(analysed.duration)
    expect(auditTrace(large, settings)).toEqual([])
  })
})

it('says of no span of a trace with thousands of orphans that its self time is exact', () => {
  const spans = shapes['as many orphans']!(3000)
  const { spans: analysed } = analyseTrace(trace(spans), settings)
  expect(new Set(analysed.map(({ self }) => self.fidelity))).toEqual(new Set(['bounded']))
})

const answering = { ...outbound, attributeSet: new Map([...outbound.attributeSet, ['response_flags', 'NR']]) }
/** Shapes in which spans are looked for among many others, or asked about one after another: large enough to show by their time. */
const corners: Record<string, { n: number; spans: (n: number) => SpanInput[] }> = {
  'versions of one span after as many others': {
    n: 200_000,
    spans: row((i) => ({ spanId: `s${Math.min(i, 100_000)}`, duration: i })),
  },
  'proxies that nobody waits for, below one call': {
    n: 30_000,
    spans: fan({ kind: client }, (i) => ({
      ...{ kind: client, start: i * 10, attributes: new Map([['opentracing.ref_type', 'follows_from']]) },
      ...answering,
    })),
  },
  'calls at the end of as many stages': {
    n: 60_000,
    spans: (n) => {
      const deepest = n / 2 - 1
      const stages = shapes['a chain of stages of one proxy']!(deepest + 1)
      const call = (i: number) => span(i, `s${deepest}`, { kind: client, start: i * 10, duration: 5, ...backend })
      return [...stages, ...Array.from({ length: n / 2 }, (_, i) => call(i + deepest + 1))]
    },
  },
}

it.each(Object.entries(corners))('analyseTrace does not look at all others for each of %s', (_, { n, spans }) => {
  const large = trace(spans(n))
  const before = process.cpuUsage()
  const { spans: analysed } = analyseTrace(large, settings)
  const { user, system } = process.cpuUsage(before)
  expect(analysed.length).toBeGreaterThanOrEqual(n / 2)
  // Each takes about half a second; looking at all others for each took 4 s and more.
  expect((user + system) / 1e6).toBeLessThan(2)
})
