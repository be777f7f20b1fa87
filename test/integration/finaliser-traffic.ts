import { randomBytes } from 'node:crypto'
import type { ClickHouse } from '../../storage/clickhouse.ts'
import { nativeBlock } from '../../storage/native.ts'
import type { SpanInput, TraceAnalysis, TraceInput } from '../../server/analysis/types.ts'

/** Spans as a collector leaves them, and an analysis whose every number is plain to see. */

export interface TestSpan {
  traceId: string
  spanId: string
  parentId: string
  /** Unix ns. */
  start: bigint
  duration: number
  service: string
}

let sequence = 0n
const resourceOf = new Map<string, bigint>()

/** One committed batch: rows in `spans`, then its row in `batches`. */
export async function commitBatch(clickhouse: ClickHouse, spans: readonly TestSpan[]): Promise<void> {
  const batch = (BigInt(Date.now()) << 21n) + ++sequence
  const receivedAt = Math.floor(Date.now() / 1000)
  const resources = nativeBlock([
    ['resource', 'UInt64'],
    ['service', 'LowCardinality(String)'],
    ['attrs', 'Map(LowCardinality(String), String)'],
    ['schema_url', 'String'],
    ['raw', 'String'],
    ['seen_at', 'DateTime'],
  ])
  for (const { service } of spans) {
    if (resourceOf.has(service)) continue
    resourceOf.set(service, 1000n + BigInt(resourceOf.size))
  }
  for (const [service, resource] of resourceOf) {
    const attrs = { 'service.name': service }
    const row = { resource, service, attrs: Object.entries(attrs), schema_url: '', raw: '', seen_at: receivedAt }
    resources.push(row)
  }
  await clickhouse.insertNative('resources', [resources.toBytes()])

  const block = nativeBlock([
    ['trace_id', 'FixedString(16)'],
    ['span_id', 'FixedString(8)'],
    ['parent_id', 'FixedString(8)'],
    ['start', 'DateTime64(9)'],
    ['duration', 'Int64'],
    ['kind', 'UInt8'],
    ['status', 'UInt8'],
    ['flags', 'UInt32'],
    ['resource', 'UInt64'],
    ['scope', 'UInt64'],
    ['attrset', 'UInt64'],
    ['service', 'LowCardinality(String)'],
    ['name', 'LowCardinality(String)'],
    ['attrs', 'Map(LowCardinality(String), String)'],
    ['trace_state', 'String'],
    ['status_message', 'String'],
    ['ext', 'String'],
    ['batch', 'UInt64'],
    ['received_at', 'DateTime'],
  ])
  for (const { traceId, spanId, parentId, start, duration, service } of spans) {
    block.push({
      trace_id: traceId,
      span_id: spanId,
      parent_id: parentId,
      start,
      duration,
      ...{ kind: 2, status: 0, flags: 1, resource: resourceOf.get(service)!, scope: 0, attrset: 0 },
      service,
      name: `op of ${service}`,
      attrs: [['n', String(duration)]],
      ...{ trace_state: '', status_message: '', ext: '' },
      batch,
      received_at: receivedAt,
    })
  }
  await clickhouse.insertNative('spans', [block.toBytes()], { token: `spans-${batch}` })

  const starts = spans.map(({ start }) => start).sort((a, b) => (a < b ? -1 : 1))
  const row = nativeBlock([
    ['batch', 'UInt64'],
    ['collector', 'LowCardinality(String)'],
    ['spans', 'UInt32'],
    ['first_start', 'DateTime64(9)'],
    ['last_start', 'DateTime64(9)'],
    ['received_at', 'DateTime'],
  ])
  row.push({
    batch,
    collector: 'test',
    spans: spans.length,
    first_start: starts[0]!,
    last_start: starts.at(-1)!,
    received_at: receivedAt,
  })
  const into = 'batches (batch, collector, spans, first_start, last_start, received_at)'
  await clickhouse.insertNative(into, [row.toBytes()], { token: `batch-${batch}` })
}

/** A chain of spans: service 0 calls service 1 calls … each one µs later and two µs shorter. */
export function chain(length: number, startUnixNano = BigInt(Date.now()) * 1_000_000n): TestSpan[] {
  const traceId = randomBytes(16).toString('hex')
  const ids = Array.from({ length }, () => randomBytes(8).toString('hex'))
  const total = 1_000_000 + Math.floor(Math.random() * 9_000_000)
  return ids.map((spanId, i) => ({
    traceId,
    spanId,
    parentId: i === 0 ? '' : ids[i - 1]!,
    start: startUnixNano + BigInt(i * 1000),
    duration: total - 2000 * i,
    service: `service-${i}`,
  }))
}

const unknown = { ns: null, loNs: null, hiNs: null, fidelity: 'unknown', reasons: [] } as const

/** A hop for every span with a known parent, a traversal for every odd span; transit is the difference of durations. */
export function plainAnalysis(trace: TraceInput): TraceAnalysis {
  const spans = [...new Map(trace.spans.map((span) => [span.spanId, span])).values()]
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const service = (span: SpanInput) => span.resource.attributes.get('service.name') ?? ''
  if (spans.some((span) => service(span) === 'poison')) throw new Error('cannot analyse poison')
  const root = spans.find((span) => span.parentId === '')
  const place = { environment: 'test', cluster: '', namespace: '' }
  const inner = spans.filter((span) => byId.has(span.parentId))
  const exact = (ns: number) => ({ ns, loNs: ns, hiNs: ns, fidelity: 'exact', reasons: [] }) as const
  const idOf = (text: string) => Buffer.from(text.padEnd(8, '.').slice(-8)).toString('hex')
  return {
    ...place,
    traceId: trace.traceId,
    baseUnixNano: trace.baseUnixNano,
    start: root?.start ?? 0,
    duration: root?.duration ?? null,
    rootService: root ? service(root) : '',
    rootName: root?.name ?? '',
    route: '',
    flags: root ? 0 : 4096,
    error: false,
    services: [...new Set(spans.map(service))],
    shapeId: '00000000000000ff',
    weight: 1,
    spans: spans.map((input) => ({
      spanId: input.spanId,
      parentId: input.parentId,
      input,
      service: service(input),
      role: 'app',
      leg: 'app',
      proxyFamily: '',
      proxyProduct: '',
      rule: '',
      start: input.start,
      duration: input.duration,
      placedStart: input.start,
      self: unknown,
      flags: 0,
      error: false,
    })),
    proxies: spans
      .filter((span) => Number(service(span).split('-')[1]) % 2 === 1)
      .map((span) => ({
        identity: {
          ...place,
          proxyId: idOf(service(span)),
          family: 'envoy',
          workload: 'w',
          role: 'gateway',
          name: 'n',
        },
        spanId: span.spanId,
        spanIds: [span.spanId],
        ...{ instance: '', version: '', node: '', zone: '', route: '', caller: '', callee: '', responseFlags: '-' },
        ...{ egress: false, connectNs: null, fanOut: null },
        start: span.start,
        duration: span.duration,
        overhead: { ns: null, loNs: 0, hiNs: span.duration, fidelity: 'bounded', reasons: [] },
        requestPath: unknown,
        responsePath: unknown,
        added: exact(span.duration % 1000),
        retry: { attempts: 1, backoffNs: 0, wastedNs: 0 },
        localReply: false,
        error: false,
        status: 200,
        flags: 0,
      })),
    hops: inner.map((span) => ({
      ...place,
      hopId: idOf(`h${service(span)}`),
      kind: 'internal',
      caller: { service: service(byId.get(span.parentId)!), spanId: span.parentId },
      callee: { service: service(span), spanId: span.spanId },
      via: [],
      viaProxyIds: [],
      start: span.start,
      transit: exact(byId.get(span.parentId)!.duration - span.duration),
      segments: [
        { class: 'wire', ownerSpanId: span.spanId, ns: 700, fidelity: 'exact' },
        { class: 'wire', ownerSpanId: span.spanId, ns: 800, fidelity: 'bounded' },
        { class: 'loopback', ownerSpanId: span.spanId, ns: 500, fidelity: 'exact' },
        { class: 'proxy.proc', ownerSpanId: span.spanId, ns: 0, fidelity: 'exact' },
      ],
      wire: unknown,
      ...{ route: '', dataPlane: 'none', callerNode: '', calleeNode: '', zonePair: '', calleeVersion: '' },
      ...{ attempts: 1, backoffNs: 0, wastedNs: 0, error: false, status: 200, flags: 0 },
    })),
    criticalPath: root
      ? [{ spanId: root.spanId, class: 'app', leg: 'self', start: root.start, ns: root.duration }]
      : [],
    queueWaits: [],
    exchanges: [],
    edges: [],
    lateEnds: [],
    tax: {
      mesh: { lowerNs: 0, upperNs: 100, estimateNs: null, share: 0, removableNs: 90, workNs: 110 },
      gateway: { lowerNs: 50, upperNs: 50, estimateNs: null, share: 0, removableNs: 50, workNs: 50 },
    },
  }
}
