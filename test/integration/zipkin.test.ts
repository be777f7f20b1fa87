import { gzipSync } from 'node:zlib'
import { SpanKind, SpanStatusCode, trace as api, context } from '@opentelemetry/api'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { analyseTrace } from '../../server/analysis/analyse.ts'
import { startCollector } from '../../collector/collector.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import type { Running } from '../../storage/running.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** A real Zipkin reporter, a real collector, a real ClickHouse. */
let db: TestEngine
let collector: Running
let url: string
beforeAll(async () => {
  db = await startEngine()
  const ports = { grpcPort: 0, httpPort: 0, zipkinPort: 0 }
  collector = await startCollector({ clickhouseUrl: db.url, host: '127.0.0.1', ...ports, log: quiet })
  url = `${collector.addresses.find(({ name }) => name === 'Zipkin')!.url}/api/v2/spans`
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})

async function readBack(traceId: string) {
  const [trace] = await openSpanReader(db.clickhouse).readTraces([{ traceId }])
  return trace!
}

it('stores what the SDK gives its Zipkin exporter', async () => {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SimpleSpanProcessor(new ZipkinExporter({ url }))],
  })
  const tracer = provider.getTracer('checkout-lib', '0.9')
  const root = tracer.startSpan('GET /cart', { kind: SpanKind.SERVER, attributes: { 'http.route': '/cart', n: 7 } })
  const child = tracer.startSpan('SELECT', { kind: SpanKind.CLIENT }, api.setSpan(context.active(), root))
  child.addEvent('retry')
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'deadlock' })
  child.end()
  root.end()
  await provider.shutdown()

  const { traceId } = root.spanContext()
  const trace = await eventually(async () => {
    const found = await readBack(traceId)
    return found?.spans.length === 2 && found
  })
  const outer = trace.spans.find(({ name }) => name === 'GET /cart')!
  const inner = trace.spans.find(({ name }) => name === 'SELECT')!
  expect(outer).toMatchObject({ kind: 2, parentId: '' })
  expect(outer.resource.attributes.get('service.name')).toBe('shop')
  expect(new Map([...outer.attributeSet, ...outer.attributes]).get('n')).toBe('7')
  expect(inner).toMatchObject({ kind: 3, status: 2, parentId: outer.spanId })
  expect(inner.events.map(({ name }) => name)).toEqual(['retry'])
})

const shared = (traceId: string) => {
  const at = Date.now() * 1000
  const envoy = (name: string, kind: string, timestamp: number, duration: number) => ({
    ...{ traceId, id: '352bff9a74ca9ad2', kind, name: 'cart:8080', timestamp, duration },
    localEndpoint: { serviceName: name, ipv4: '10.0.0.7' },
    tags: { component: 'proxy', upstream_cluster: kind === 'SERVER' ? 'inbound|8080||' : 'outbound|8080||cart' },
    ...(kind === 'SERVER' && { shared: true }),
  })
  return [envoy('checkout', 'CLIENT', at, 9_000), envoy('cart', 'SERVER', at + 700, 8_000)]
}

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

describe('POST /api/v2/spans', () => {
  it('keeps both halves of a shared span, and the analysis puts the one below the other', async () => {
    const traceId = '5af7183fb1d4cf5f00000000000000a1'
    expect(
      (await post(new Uint8Array(gzipSync(JSON.stringify(shared(traceId)))), { 'content-encoding': 'gzip' })).status,
    ).toBe(202)
    const { spans, proxies } = analyseTrace(await readBack(traceId), { networkRttNs: null })
    expect(spans.map(({ service, input }) => [service, input.kind])).toEqual([
      ['checkout', 3],
      ['cart', 2],
    ])
    expect(spans[1]!.parentId).toBe(spans[0]!.spanId)
    expect(proxies).toHaveLength(2)
  })

  it.each([
    ['[{"traceId":"1","id":"2"}]', {}, 400, '[0] has no timestamp\n'],
    ['{', {}, 400, 'invalid JSON'],
    ['[]', { 'content-type': 'text/xml' }, 415, 'content-type must be application/json or application/x-protobuf\n'],
    ['[]', { 'content-encoding': 'br' }, 415, 'content-encoding br is not supported'],
    ['not gzip', { 'content-encoding': 'gzip' }, 400, 'the body is not gzip'],
    ['\x0a\x05ab', { 'content-type': 'application/x-protobuf' }, 400, 'field runs past the end of its message\n'],
  ])('%j %j is answered %i', async (body, headers, status, text) => {
    const response = await post(body, headers)
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(text)
  })

  it('takes an empty list, tells other methods and paths apart', async () => {
    expect((await post('[]')).status).toBe(202)
    const got = await fetch(url)
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await fetch(url.replace('v2', 'v1'), { method: 'POST' })).status).toBe(404)
  })
})
