import * as grpc from '@grpc/grpc-js'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { protobufOfJson } from '../../storage/otlp-json.ts'
import { generateRequest } from '../../bench/generate.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'

/** Whatever is sent: an answer in OTLP's own words, nothing else lost, nothing crashed. */
let db: TestEngine
let collector: Running
let http: string
let client: grpc.Client
beforeAll(async () => {
  db = await startEngine()
  collector = await startCollector({
    clickhouseUrl: db.url,
    host: '127.0.0.1',
    grpcPort: 0,
    httpPort: 0,
    zipkinPort: 0,
    log: quiet,
  })
  http = collector.addresses.find(({ name }) => name === 'OTLP/HTTP')!.url
  const target = new URL(collector.addresses.find(({ name }) => name === 'OTLP/gRPC')!.url).host
  const limits = { 'grpc.max_send_message_length': -1 }
  client = new grpc.Client(target, grpc.credentials.createInsecure(), limits)
})
afterAll(async () => {
  client?.close()
  await collector?.close()
  await db?.stop()
})
beforeEach(async () => {
  for (const table of ['spans', 'batches']) await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
})

const stored = async () => {
  const [row] = await db.clickhouse.query<{ n: string }>('SELECT count() AS n FROM spans')
  return Number(row!.n)
}

interface Answer {
  status: number
  body: string
}
const protobuf = { 'content-type': 'application/x-protobuf' }
const json = { 'content-type': 'application/json' }

async function post(
  body: Uint8Array | string,
  headers: Record<string, string> = protobuf,
  path = '/v1/traces',
): Promise<Answer> {
  const response = await fetch(http + path, { method: 'POST', headers, body })
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString('latin1') }
}

function call(body: Buffer): Promise<{ code: number; text: string }> {
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
  return new Promise((resolve) => {
    const same = (bytes: Buffer) => bytes
    client.makeUnaryRequest<Buffer, Buffer>(path, same, same, body, (error, response) => {
      if (error) resolve({ code: error.code, text: error.details })
      else resolve({ code: 0, text: response!.toString('latin1') })
    })
  })
}

const id = (bytes: number) => randomBytes(bytes).toString('hex')
const span = (change: object = {}) => ({
  traceId: id(16),
  spanId: id(8),
  name: 'x',
  kind: 2,
  startTimeUnixNano: `${Date.now()}000000`,
  endTimeUnixNano: `${Date.now()}500000`,
  ...change,
})
const request = (...spans: object[]) => ({
  resourceSpans: [
    { resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ spans }] },
  ],
})
const encode = (...spans: object[]) => protobufOfJson(JSON.stringify(request(...spans)))
const nested = (depth: number): object => {
  let value: object = { stringValue: 'deep' }
  for (let i = 0; i < depth; i++) value = { arrayValue: { values: [value] } }
  return value
}
const attributes = (value: object) => ({ attributes: [{ key: 'k', value }] })

describe('a request with some bad spans', () => {
  it.each([
    ['a trace id of 15 bytes', { traceId: id(15) }, 'trace id is not 16 bytes'],
    ['an all-zero trace id', { traceId: '0'.repeat(32) }, 'trace id is all zero'],
    ['a span id of 9 bytes', { spanId: id(9) }, 'span id is not 8 bytes'],
    ['an all-zero span id', { spanId: '0'.repeat(16) }, 'span id is all zero'],
    ['a parent id of 4 bytes', { parentSpanId: id(4) }, 'parent span id is not 8 bytes'],
    ['no start', { startTimeUnixNano: '0' }, 'start time is missing'],
    ['values nested 100 deep', attributes(nested(100)), 'nested'],
  ])('%s: the others are stored, the answer says what was rejected', async (_, change, reason) => {
    const body = encode(span(), span(change), span())
    const answer = await post(body)
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining(reason)])
    expect(await stored()).toBe(2)
    const second = await call(encode(span(), span(change)))
    expect([second.code, second.text]).toEqual([0, expect.stringContaining(reason)])
    expect(await stored()).toBe(3)
  })

  it('is answered in JSON when it came as JSON', async () => {
    const answer = await post(JSON.stringify(request(span(), span({ spanId: '0'.repeat(16) }))), json)
    expect(JSON.parse(answer.body)).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: '1 span: span id is all zero' },
    })
  })
})

describe('a request with odd but allowed spans', () => {
  it.each([
    ['an end before the start', { endTimeUnixNano: '1' }],
    ['a value of 10 MB', attributes({ stringValue: 'x'.repeat(10 * 2 ** 20) })],
    [
      '10,000 attributes',
      { attributes: Array.from({ length: 10_000 }, (_, i) => ({ key: `k${i}`, value: { intValue: i } })) },
    ],
    ['fields nobody knows', { unheardOf: { of: [1] } }],
    ['values nested 20 deep', attributes(nested(20))],
    ['no name', { name: '' }],
    ['a kind nobody knows', { kind: 99 }],
  ])('%s: stored', async (_, change) => {
    expect(await post(encode(span(change)))).toMatchObject({ status: 200, body: '' })
    expect(await call(encode(span(change)))).toEqual({ code: 0, text: '' })
    expect(await stored()).toBe(2)
  })

  it('nothing at all: a success', async () => {
    expect(await post(Buffer.alloc(0))).toEqual({ status: 200, body: '' })
    expect(await post('{}', json)).toEqual({ status: 200, body: '{}' })
    expect(await call(Buffer.alloc(0))).toEqual({ code: 0, text: '' })
  })
})

describe('a body that is no request', () => {
  const good = () => encode(span(), span())
  it.each([
    ['cut off', () => good().subarray(0, 60)],
    ['with a wrong wire type', () => Buffer.from([0x08, 0x01])],
    ['random', () => randomBytes(2000)],
    ['endless varint', () => Buffer.alloc(40, 0xff)],
    ['a length beyond the end', () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00])],
  ])('%s: refused for good, nothing stored', async (_, body) => {
    expect((await post(body())).status).toBe(400)
    expect((await call(body())).code).toBe(grpc.status.INVALID_ARGUMENT)
    expect(await stored()).toBe(0)
  })

  it.each([
    ['no JSON', '{"resourceSpans": ['],
    ['an id that is no hex', JSON.stringify(request(span({ traceId: 'zz'.repeat(16) })))],
    ['a list that is none', '{"resourceSpans": 7}'],
    ['an instant that is none', JSON.stringify(request(span({ startTimeUnixNano: 'noon' })))],
  ])('%s: refused with a google.rpc.Status in JSON', async (_, body) => {
    const answer = await post(body, json)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toEqual({ code: 3, message: expect.any(String) })
  })
})

describe('HTTP', () => {
  it('refuses what it cannot read, in HTTP’s words', async () => {
    const body = encode(span())
    expect((await post(body, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post(body, { ...protobuf, 'content-encoding': 'snappy' })).status).toBe(415)
    expect((await post(body, { ...protobuf, 'content-encoding': 'gzip' })).status).toBe(400)
    expect((await post(body, protobuf, '/v1/logs')).status).toBe(404)
    expect((await fetch(`${http}/v1/traces`)).status).toBe(405)
    expect(await stored()).toBe(0)
  })

  it('stops inflating a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20))
    expect(bomb.length).toBeLessThan(2 ** 20)
    const before = process.memoryUsage().rss
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => post(bomb, { ...protobuf, 'content-encoding': 'gzip' })),
    )
    expect(answers.map(({ status }) => status)).toEqual([413, 413, 413, 413])
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 2 ** 20)
  })

  it('takes gzip and deflate', async () => {
    const { deflateSync } = await import('node:zlib')
    expect((await post(gzipSync(encode(span())), { ...protobuf, 'content-encoding': 'gzip' })).status).toBe(200)
    expect((await post(deflateSync(encode(span())), { ...protobuf, 'content-encoding': 'deflate' })).status).toBe(200)
    expect(await stored()).toBe(2)
  })

  it('says that it is alive and accepting', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await fetch(http + path)).status).toBe(200)
  })
})

it('refuses a gRPC message larger than it takes', async () => {
  const large = encode(span(attributes({ stringValue: 'x'.repeat(65 * 2 ** 20) })))
  expect((await call(large)).code).toBe(grpc.status.RESOURCE_EXHAUSTED)
})

it('survives a thousand broken variants of a good request', async () => {
  const { body } = generateRequest(24, 1)
  let seed = 7
  const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n
  for (let round = 0; round < 1000; round += 20) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => {
        const broken = Buffer.from(body)
        for (let i = 1 + random(8); i > 0; i--) broken[random(broken.length)] = random(256)
        const cut = random(4) === 0 ? broken.subarray(0, random(broken.length)) : broken
        return random(2) === 0 ? post(cut).then(({ status }) => status) : call(cut).then(({ code }) => code)
      }),
    )
    for (const answer of answers) expect([200, 400, 0, grpc.status.INVALID_ARGUMENT]).toContain(answer)
  }
  const [row] = await db.clickhouse.query<{ spans: string; committed: string }>(
    'SELECT count() AS spans, (SELECT sum(spans) FROM batches) AS committed FROM spans',
  )
  expect(row!.spans).toBe(row!.committed)
})
