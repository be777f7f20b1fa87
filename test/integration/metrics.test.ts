import { afterAll, beforeAll, expect, it } from 'vitest'
import * as grpc from '@grpc/grpc-js'
import { gzipSync } from 'node:zlib'
import { startCollector } from '../../collector/collector.ts'
import { protobufOfJson } from '../../storage/otlp-json.ts'
import { requestJson } from '../../bench/generate.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** What an operator's Prometheus reads of a collector. */
let db: TestEngine
let collector: Running
const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url
beforeAll(async () => {
  db = await startEngine()
  const ports = { grpcPort: 0, httpPort: 0, zipkinPort: 0 }
  collector = await startCollector({ clickhouseUrl: db.url, host: '127.0.0.1', ...ports, log: quiet })
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})

async function read(): Promise<Map<string, number>> {
  const response = await fetch(`${urlOf('OTLP/HTTP')}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const samples = [...(await response.text()).matchAll(/^hopscope_collector_(\S+) (\S+)$/gm)]
  return new Map(samples.map(([, name, value]) => [name!, Number(value)]))
}

const post = (url: string, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) =>
  fetch(url, { method: 'POST', body, headers }).then(({ status }) => status)

it('counts requests, bytes and spans by transport and by what became of them, and times what is stored', async () => {
  const before = await read()
  expect(before.get('last_insert_timestamp_seconds')).toBe(0)
  const traces = `${urlOf('OTLP/HTTP')}/v1/traces`
  const protobuf = { 'content-type': 'application/x-protobuf' }
  const body = new Uint8Array(protobufOfJson(JSON.stringify(requestJson(24, 1))))
  const gzipped = new Uint8Array(gzipSync(body))
  expect(await post(traces, body, protobuf)).toBe(200)
  expect(await post(traces, gzipped, { ...protobuf, 'content-encoding': 'gzip' })).toBe(200)
  expect(await post(traces, 'nonsense', protobuf)).toBe(400)
  const bad = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '00', spanId: '00' }] }] }] })
  expect(await post(traces, bad, { 'content-type': 'application/json' })).toBe(200)
  const zipkin = '[{"traceId":"1","id":"2","timestamp":1700000000000000}]'
  expect(await post(`${urlOf('Zipkin')}/api/v2/spans`, zipkin, { 'content-type': 'application/json' })).toBe(202)
  const client = new grpc.Client(new URL(urlOf('OTLP/gRPC')).host, grpc.credentials.createInsecure())
  await new Promise<void>((resolve, reject) => {
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
    const same = (bytes: Buffer) => bytes
    client.makeUnaryRequest(path, same, same, Buffer.from(body), (error) => (error ? reject(error) : resolve()))
  })
  client.close()

  const after = await read()
  const more = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  expect({
    http: more('requests_total{transport="http",outcome="accepted"}'),
    malformed: more('requests_total{transport="http",outcome="malformed"}'),
    zipkin: more('requests_total{transport="zipkin",outcome="accepted"}'),
    grpc: more('requests_total{transport="grpc",outcome="accepted"}'),
    stored: more('spans_total{transport="http",outcome="stored"}'),
    rejected: more('spans_total{transport="http",outcome="rejected"}'),
    byGrpc: more('spans_total{transport="grpc",outcome="stored"}'),
    byZipkin: more('spans_total{transport="zipkin",outcome="stored"}'),
    waiting: after.get('waiting_bytes'),
    clients: after.get('clients'),
    exported: more('request_spans_sum{transport="http"}'),
    timed: more('request_duration_seconds_count{transport="http"}'),
  }).toEqual({
    ...{ http: 3, malformed: 1, zipkin: 1, grpc: 1 },
    ...{ stored: 48, rejected: 1, byGrpc: 24, byZipkin: 1, waiting: 0, clients: 0 },
    ...{ exported: 49, timed: 3 },
  })
  expect(more('received_bytes_total{transport="http"}')).toBe(body.length + gzipped.length + 8 + bad.length)
  expect(more('inflated_bytes_total{transport="http"}')).toBe(2 * body.length + 8 + bad.length)
  expect(more('insert_rows_sum')).toBe(48 + 24 + 1)
  expect(more('insert_duration_seconds_count')).toBe(more('insert_rows_count'))
  // The same resources came three times, and the empty one twice.
  const lookups = (result: string) => more(`dictionary_lookups_total{dictionary="resource",result="${result}"}`)
  expect([lookups('miss') > 0, lookups('hit')]).toEqual([true, 2 * (lookups('miss') - 1) + 1])
  expect(Date.now() / 1000 - after.get('last_insert_timestamp_seconds')!).toBeLessThan(60)
})
