import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'
import { credentials, Metadata } from '@grpc/grpc-js'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { hashOfKey, whoHasKey } from '../../collector/receivers/access.ts'
import { noKey, type Key } from '../../collector/pipeline/rates.ts'
import type { TlsFiles } from '../../collector/receivers/tls.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Keys and certificates as real exporters show them, to a real collector. */
const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
const filesOf = (name: string): TlsFiles => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) })
const ca = pem('ca.pem')
const key = 'hsk_of-a-test'

let db: TestEngine
beforeAll(async () => {
  db = await startEngine()
})
afterAll(() => db?.stop())

let hashes: Map<string, Key>
let listeners: ((files: TlsFiles) => void)[]
let collector: Running
async function start(tls: TlsFiles | null): Promise<void> {
  hashes = new Map([[hashOfKey(key), { ...noKey, name: 'test' }]])
  listeners = []
  collector = await startCollector({
    ...{ clickhouseUrl: db.url, host: '127.0.0.1', grpcPort: 0, httpPort: 0, zipkinPort: 0, log: quiet },
    access: whoHasKey(() => hashes),
    tls: tls && { current: () => tls, subscribe: (listener) => void listeners.push(listener) },
  })
}
beforeEach(() => db.clickhouse.command('TRUNCATE TABLE spans'))
afterEach(() => collector?.close())

const urlOf = (name: string) => collector.addresses.find((address) => address.name === name)!.url

/** Exports one span; the error that the SDK's exporter reports, or none. */
async function send(exporter: SpanExporter): Promise<Error | undefined> {
  const ended = new InMemorySpanExporter()
  const resource = resourceFromAttributes({ 'service.name': 'shop' })
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(ended)] })
  provider.getTracer('t').startSpan('GET /').end()
  await provider.forceFlush()
  const { error } = await new Promise<ExportResult>((resolve) => exporter.export(ended.getFinishedSpans(), resolve))
  await exporter.shutdown()
  return error
}
type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0]

const stored = async () => {
  const [row] = await db.clickhouse.query<{ n: string }>('SELECT count() AS n FROM spans')
  return Number(row!.n)
}

/** What the collector says of the bodies that it took. */
async function bytesOfBodies(): Promise<{ sent: number; inflated: number }> {
  const text = await new Promise<string>((resolve, reject) => {
    const asked = httpsRequest(`${urlOf('OTLP/HTTP')}/metrics`, { ca }, (response) => {
      buffer(response).then((body) => resolve(body.toString()), reject)
    })
    asked.once('error', reject)
    asked.end()
  })
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^hopscope_collector_${name}_bytes_total\\S* (\\d+)$`, 'gm'))].reduce(
      (total, [, n]) => total + Number(n),
      0,
    )
  return { sent: sum('received'), inflated: sum('inflated') }
}

interface Shown {
  key?: string
  /** Name of the certificate that the client shows. */
  client?: string
  gzip?: boolean
}

const timeoutMillis = 3_000
const compressed = (gzip = false) => (gzip ? { compression: 'gzip' as never } : {})
const overHttp = ({ key: shown, client, gzip }: Shown) => ({
  url: `${urlOf('OTLP/HTTP')}/v1/traces`,
  headers: shown === undefined ? {} : { Authorization: `Bearer ${shown}` },
  httpAgentOptions: { ca, ...(client !== undefined && filesOf(client)) } as object,
  timeoutMillis,
  ...compressed(gzip),
})
const exporters: Record<string, (shown: Shown) => SpanExporter> = {
  gRPC: ({ key: shown, client, gzip }) => {
    const metadata = new Metadata()
    if (shown !== undefined) metadata.set('api-key', shown)
    const own = client === undefined ? [] : [Buffer.from(pem(`${client}.key`)), Buffer.from(pem(`${client}.pem`))]
    const secure = urlOf('OTLP/gRPC').startsWith('https')
    const channel = secure ? credentials.createSsl(Buffer.from(ca), ...own) : credentials.createInsecure()
    return new GrpcExporter({
      url: urlOf('OTLP/gRPC'),
      metadata,
      credentials: channel,
      timeoutMillis,
      ...compressed(gzip),
    })
  },
  'HTTP/protobuf': (shown) => new ProtoExporter(overHttp(shown)),
  'HTTP/JSON': (shown) => new JsonExporter(overHttp(shown)),
}

describe.each(Object.keys(exporters))('over %s', (name) => {
  const exporterOf = (shown: Shown) => exporters[name]!(shown)

  it('only who shows a valid key may send', async () => {
    await start(null)
    expect(await send(exporterOf({}))).toBeInstanceOf(Error)
    expect(await send(exporterOf({ key: 'hsk_of-somebody' }))).toBeInstanceOf(Error)
    expect(await stored()).toBe(0)
    expect(await send(exporterOf({ key }))).toBeUndefined()
    expect(await stored()).toBe(1)
    hashes.delete(hashOfKey(key))
    expect(await send(exporterOf({ key }))).toBeInstanceOf(Error)
    expect(await stored()).toBe(1)
  })

  it('TLS carries spans, and mTLS only those of clients that are known', async () => {
    await start(filesOf('server'))
    expect(await send(exporterOf({ key }))).toBeUndefined()
    expect(await send(exporterOf({ key, gzip: true }))).toBeUndefined()
    const { sent, inflated } = await bytesOfBodies()
    expect(sent).not.toBe(inflated)
    await collector.close()
    await start({ ...filesOf('server'), ca })
    expect(await send(exporterOf({ key, client: 'client', gzip: true }))).toBeUndefined()
    expect(await stored()).toBe(3)
    expect(await send(exporterOf({ key }))).toBeInstanceOf(Error)
    expect(await send(exporterOf({ key, client: 'stranger' }))).toBeInstanceOf(Error)
    expect(await stored()).toBe(3)
  })
})

/** Status and body of a POST. */
function post(url: string, options: RequestOptions, body: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { method: 'POST', ca, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('end', () => resolve([response.statusCode!, text]))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

it('Zipkin is guarded by the same keys and certificate', async () => {
  await start(filesOf('server'))
  const url = `${urlOf('Zipkin')}/api/v2/spans`
  const span = '[{"traceId":"1","id":"2","timestamp":1700000000000000}]'
  const headers = { 'content-type': 'application/json' }
  const [status, text] = await post(url, { headers }, span)
  expect([status, text]).toEqual([401, expect.stringContaining('no valid API key')])
  expect((await post(url, { headers: { ...headers, 'api-key': key } }, span))[0]).toBe(202)
})

it('whoever has no key is answered before his body is read', async () => {
  await start(null)
  const headers = { 'content-type': 'application/json', 'content-length': 1000 }
  const sent = request(`${urlOf('OTLP/HTTP')}/v1/traces`, { method: 'POST', headers })
  sent.on('error', () => {})
  sent.flushHeaders()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  expect(JSON.parse((await buffer(response)).toString())).toMatchObject({ code: 16 })
  sent.destroy()
})

it.each(['OTLP/gRPC', 'OTLP/HTTP', 'Zipkin'])('%s shows a renewed certificate to new connections', async (name) => {
  await start(filesOf('server'))
  const { port, hostname: host } = new URL(urlOf(name))
  const subject = () =>
    new Promise((resolve, reject) => {
      const socket = tlsConnect({ host, port: Number(port), ca, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
        resolve(socket.getPeerCertificate().subject.CN)
        socket.end()
      })
      socket.once('error', reject)
    })
  expect(await subject()).toBe('hopscope test server')
  for (const renew of listeners) renew(filesOf('renewed'))
  expect(await subject()).toBe('hopscope test renewed')
})
