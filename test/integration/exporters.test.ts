import { trace as api, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Real exporters of the Node SDK, a real collector, a real ClickHouse: what was recorded can be read back. */
let db: TestEngine
let collector: Running
let urls: { grpc: string; http: string }
beforeAll(async () => {
  db = await startEngine()
  const options = { clickhouseUrl: db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet }
  collector = await startCollector(options)
  const url = (name: string) => collector.addresses.find((address) => address.name === name)!.url
  urls = { grpc: url('OTLP/gRPC'), http: url('OTLP/HTTP') }
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})

const exporters: Record<string, () => SpanExporter> = {
  gRPC: () => new GrpcExporter({ url: urls.grpc }),
  'HTTP/protobuf': () => new ProtoExporter({ url: `${urls.http}/v1/traces` }),
  'HTTP/JSON': () => new JsonExporter({ url: `${urls.http}/v1/traces` }),
}

describe.each(Object.keys(exporters))('%s', (name) => {
  it('stores everything the SDK recorded', async () => {
    const exporter = exporters[name]!()
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': `shop-${name}`, 'service.version': '1.2.3' }),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    const tracer = provider.getTracer('checkout-lib', '0.9')
    const root = tracer.startSpan('GET /cart', {
      kind: SpanKind.SERVER,
      attributes: { 'http.route': '/cart', n: 7, ok: true },
    })
    const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    const child = tracer.startSpan(
      'SELECT',
      { kind: SpanKind.CLIENT, links: [{ context: linked }] },
      api.setSpan((await import('@opentelemetry/api')).context.active(), root),
    )
    child.addEvent('retry', { attempt: 2 })
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'deadlock' })
    child.end()
    root.end()
    await provider.shutdown()

    const { traceId } = root.spanContext()
    const minute = Math.floor(Date.now() / 60_000) * 60
    const reader = openSpanReader(db.clickhouse)
    const [trace] = await reader.readTraces([{ traceId, firstMinute: minute - 60, lastMinute: minute + 60 }])
    expect(trace!.spans.map((span) => span.name).sort()).toEqual(['GET /cart', 'SELECT'])
    const parent = trace!.spans.find((span) => span.name === 'GET /cart')!
    const inner = trace!.spans.find((span) => span.name === 'SELECT')!
    expect(parent).toMatchObject({ kind: 2, parentId: '', scope: { name: 'checkout-lib', version: '0.9' } })
    expect(parent.resource.attributes.get('service.name')).toBe(`shop-${name}`)
    const attributes = new Map([...parent.attributeSet, ...parent.attributes])
    expect(Object.fromEntries(attributes)).toEqual({ 'http.route': '/cart', n: '7', ok: 'true' })
    expect(inner).toMatchObject({
      kind: 3,
      status: 2,
      parentId: parent.spanId,
      links: [{ traceId: linked.traceId, spanId: linked.spanId }],
    })
    expect(inner.events.map((event) => [event.name, Object.fromEntries(event.attributes)])).toEqual([
      ['retry', { attempt: '2' }],
    ])
  })
})

it('counts what came from whom', async () => {
  await collector.close()
  const rows = await db.clickhouse.query<{ transport: string; service: string; stored: string }>(
    'SELECT transport, service, sum(stored) AS stored FROM ingest GROUP BY ALL ORDER BY service',
  )
  expect(rows).toEqual([
    { transport: 'http', service: 'shop-HTTP/JSON', stored: '2' },
    { transport: 'http', service: 'shop-HTTP/protobuf', stored: '2' },
    { transport: 'grpc', service: 'shop-gRPC', stored: '2' },
  ])
  const [batches] = await db.clickhouse.query<{ spans: string; stored: string }>(
    'SELECT sum(spans) AS spans, (SELECT count() FROM spans) AS stored FROM batches',
  )
  expect(batches).toEqual({ spans: '6', stored: '6' })
})
