import { afterAll, beforeAll, expect, it } from 'vitest'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import * as grpc from '@grpc/grpc-js'
import { requestJson } from '../../bench/generate.ts'
import { startCollector } from '../../collector/collector.ts'
import { hashOfKey, whoHasKey } from '../../collector/receivers/access.ts'
import { noKey } from '../../collector/pipeline/rates.ts'
import { readIngest } from '../../server/queries/catalogue.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Who sends, as the Data page shows it: real requests, a real collector, the query of the API. */
let db: TestEngine
let collector: Running
beforeAll(async () => {
  db = await startEngine()
  collector = await startCollector({
    ...{ clickhouseUrl: db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    access: whoHasKey(() => new Map(['edge', 'mesh'].map((name) => [hashOfKey(name), { ...noKey, name }]))),
  })
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})

const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url

it('each client and program is told apart, with what it sent, what was refused and what came late', async () => {
  const post = async (body: string, headers: Record<string, string>) => {
    const all = { 'content-type': 'application/json', 'user-agent': 'curl/8', ...headers }
    return (await fetch(`${urlOf('OTLP/HTTP')}/v1/traces`, { method: 'POST', body, headers: all })).status
  }
  const fresh = JSON.stringify(requestJson(24, 1))
  expect(await post(fresh, { 'api-key': 'edge' })).toBe(200)
  expect(await post('nonsense', { 'api-key': 'edge' })).toBe(400)
  expect(await post(fresh, {})).toBe(401)
  const old = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'old' }
  const times = { startTimeUnixNano: '1700000000000000000', endTimeUnixNano: '1700000001000000000' }
  const invalid = { ...old, traceId: '00' }
  const resourceSpans = [{ scopeSpans: [{ spans: [{ ...old, ...times }, invalid] }] }]
  expect(await post(JSON.stringify({ resourceSpans }), { 'api-key': 'edge' })).toBe(200)

  const metadata = new grpc.Metadata()
  metadata.set('api-key', 'mesh')
  const credentials = grpc.credentials.createInsecure()
  const exporter = new OTLPTraceExporter({ url: urlOf('OTLP/gRPC'), metadata, credentials })
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  provider.getTracer('t').startSpan('GET /').end()
  await provider.shutdown()
  await collector.close()

  const ask = { signal: AbortSignal.timeout(60_000), queryId: 'senders-of-a-test' }
  const toMs = Date.now() + 60_000
  const { senders } = await readIngest(db.clickhouse, { fromMs: toMs - 3_600_000, toMs }, ask)
  const nothing = { malformed: 0, unauthenticated: 0, overloaded: 0, limited: 0, spoolFull: 0, unavailable: 0 }
  const found = Object.fromEntries(senders.map((sender) => [sender.client, sender]))
  expect(Object.keys(found).sort()).toEqual(['127.0.0.1', 'edge', 'mesh'])
  expect(found['edge']).toMatchObject({
    ...{ byKey: true, transport: 'http', agent: 'curl/8', requests: 3, rejected: 1 },
    refused: { ...nothing, malformed: 1 },
  })
  expect(found['edge']!.stored).toBe(25)
  expect(found['edge']!.late).toBeGreaterThanOrEqual(1)
  expect(found['127.0.0.1']).toMatchObject({
    ...{ byKey: false, transport: 'http', requests: 1, stored: 0, services: [] },
    refused: { ...nothing, unauthenticated: 1 },
  })
  expect(found['mesh']).toMatchObject({
    ...{ byKey: true, transport: 'grpc', requests: 1, stored: 1, late: 0, services: ['shop'], refused: nothing },
  })
  expect(found['mesh']!.agent).toMatch(/OTel-OTLP-Exporter-JavaScript/)
  expect(Date.now() - Number(found['mesh']!.lastUnixNano) / 1e6).toBeLessThan(60_000)
})
