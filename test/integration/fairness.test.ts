import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeAll, beforeEach, afterAll, expect, it } from 'vitest'
import { requestJson } from '../../bench/generate.ts'
import { startCollector } from '../../collector/collector.ts'
import { hashOfKey, whoHasKey } from '../../collector/receivers/access.ts'
import { noKey, type Key } from '../../collector/pipeline/rates.ts'
import { protobufOfJson } from '../../storage/otlp-json.ts'
import type { Running } from '../../storage/running.ts'
import { eventually } from '../eventually.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** A ClickHouse that stops taking INSERTs, and exporters that send all the same: who is refused, and who is not. */
const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const same = (bytes: Buffer) => bytes
const mb = 2 ** 20

let db: TestEngine
/** Between collector and engine: passes requests on, when it does. */
let between: Server
let passing: Promise<void>
let pass: () => void
beforeAll(async () => {
  db = await startEngine()
  between = createServer((incoming, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      await passing
      const options = { method: incoming.method, headers: incoming.headers }
      const onward = request(new URL(incoming.url ?? '/', db.url), options, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      onward.end(Buffer.concat(chunks))
    })()
  }).listen(0, '127.0.0.1')
  await once(between, 'listening')
})
afterAll(async () => {
  between?.close()
  between?.closeAllConnections()
  await db?.stop()
})

let keys: Map<string, Key>
let collector: Running
const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url
const named = (name: string, limits: Partial<Key> = {}) => [hashOfKey(name), { ...noKey, name, ...limits }] as const
beforeEach(async () => {
  passing = Promise.resolve()
  const { port } = between.address() as AddressInfo
  keys = new Map([named('noisy'), named('quiet'), named('limited', { spansPerSecond: 100 })])
  collector = await startCollector({
    clickhouseUrl: `http://127.0.0.1:${port}/hopscope`,
    ...{ host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    requestBytes: 16 * mb,
    access: whoHasKey(() => keys),
  })
})
afterEach(() => {
  pass?.()
  return collector?.close()
})

const body = protobufOfJson(JSON.stringify(requestJson(2_000, 1)))
const small = protobufOfJson(JSON.stringify(requestJson(10, 2)))

interface Answer {
  status: number
  retryAfter: string | undefined
}

/** @param bytes null: only announces a body, and sends none. */
function post(key: string, bytes: Uint8Array | null, length = bytes!.length): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': length, 'api-key': key }
    const sent = request(
      `${urlOf('OTLP/HTTP')}/v1/traces`,
      { method: 'POST', headers },
      (response: IncomingMessage) => {
        response.resume()
        resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] })
        if (bytes === null) sent.destroy()
      },
    )
    sent.once('error', reject)
    if (bytes === null) sent.flushHeaders()
    else sent.end(bytes)
  })
}

function call(client: grpc.Client, key: string, bytes: Uint8Array): Promise<grpc.ServiceError | null> {
  const metadata = new grpc.Metadata()
  metadata.set('api-key', key)
  return new Promise((resolve) => client.makeUnaryRequest(path, same, same, Buffer.from(bytes), metadata, resolve))
}

/** A connection of its own. */
const connected = () =>
  new grpc.Client(new URL(urlOf('OTLP/gRPC')).host, grpc.credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })

const metric = async (name: string) => {
  const text = await (await fetch(`${urlOf('OTLP/HTTP')}/metrics`)).text()
  return Number(new RegExp(`^hopscope_collector_${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1])
}

it.each(['HTTP', 'gRPC'])('over %s who has most waiting is refused, and nobody else', async (transport) => {
  passing = new Promise((resolve) => (pass = resolve))
  const client = connected()
  const other = connected()
  let refused = 0
  let stored = 0
  const noisy = Array.from({ length: 80 }, async () => {
    const error = transport === 'HTTP' ? (await post('noisy', body)).status !== 200 : await call(client, 'noisy', body)
    if (error) refused++
    else stored++
  })
  await eventually(() => refused > 0)
  let waiting = 0
  await eventually(async () => {
    const before = waiting
    waiting = await metric('waiting_bytes')
    await sleep(200)
    return waiting === before
  })
  expect(waiting).toBeGreaterThan(7 * mb)
  expect(waiting).toBeLessThan(13 * mb)
  if (transport === 'HTTP') {
    // Announced only: it is refused before anything of it is read.
    expect(await post('noisy', null, 6 * mb)).toEqual({ status: 429, retryAfter: '1' })
  }
  const error = await call(client, 'noisy', Buffer.alloc(6 * mb))
  expect(error).toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED })
  expect(String(error!.metadata.get('grpc-status-details-bin')[0])).toContain('google.rpc.RetryInfo')

  const calm = [post('quiet', small), ...Array.from({ length: 20 }, () => call(other, 'quiet', small))]
  await eventually(async () => (await metric('waiting_bytes')) >= waiting + 21 * small.length)
  pass()
  const answers = await Promise.all(calm)
  expect(answers).toEqual([{ status: 200, retryAfter: undefined }, ...Array.from({ length: 20 }, () => null)])
  await Promise.all(noisy)
  expect(stored).toBeGreaterThan(0)
  client.close()
  other.close()
  expect(await metric('waiting_bytes')).toBe(0)
})

it('a key with a limit is refused beyond it, before a body is read, and served again later', async () => {
  expect((await post('limited', body)).status).toBe(200)
  const { status, retryAfter } = await post('limited', null, 10)
  expect(status).toBe(429)
  // 1,900 spans too many at 100 a second, less the time since.
  expect(Number(retryAfter)).toBeGreaterThan(10)
  expect(Number(retryAfter)).toBeLessThanOrEqual(20)
  const client = connected()
  const error = await call(client, 'limited', small)
  expect(error).toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'the limit of this API key is reached' })
  expect(await metric('requests_total{transport="grpc",outcome="limited"}')).toBe(1)
  keys = new Map([named('limited', { spansPerSecond: 1_000_000 })])
  await eventually(async () => (await call(client, 'limited', small)) === null)
  client.close()
})

it('the exporter of the SDK waits as it is told to, and loses nothing', async () => {
  keys = new Map([named('limited', { spansPerSecond: 20 })])
  const ended = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(ended)] })
  for (let i = 0; i < 30; i++) provider.getTracer('t').startSpan('GET /').end()
  await provider.forceFlush()
  const exporter = new OTLPTraceExporter({ url: `${urlOf('OTLP/HTTP')}/v1/traces`, headers: { 'api-key': 'limited' } })
  await db.clickhouse.command('TRUNCATE TABLE spans')
  for (let i = 0; i < 2; i++) {
    const { code } = await new Promise<{ code: number }>((resolve) =>
      exporter.export(ended.getFinishedSpans(), resolve),
    )
    expect(code).toBe(0)
  }
  await exporter.shutdown()
  expect(await db.clickhouse.query('SELECT count() AS n FROM spans')).toEqual([{ n: '60' }])
  expect(await metric('requests_total{transport="http",outcome="limited"}')).toBeGreaterThan(0)
})
