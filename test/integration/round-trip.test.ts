import { gunzipSync, gzipSync } from 'node:zlib'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startCollector } from '../../collector/collector.ts'
import { traceOtlp } from '../../server/api/trace-otlp.ts'
import { openSpanReader } from '../../server/queries/spans.ts'
import type { Running } from '../../storage/running.ts'
import { quiet, startEngine, type TestEngine } from '../harness.ts'
import { encodeOtlp } from '../otlp-proto.ts'

/** What an exporter sent can be read back: OTLP in, ClickHouse, OTLP/JSON out. */
let db: TestEngine
let collector: Running
let http: string
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
})
afterAll(async () => {
  await collector?.close()
  await db?.stop()
})
beforeEach(async () => {
  for (const table of ['spans', 'batches']) await db.clickhouse.command(`TRUNCATE TABLE ${table}`)
})

type Json = Record<string, unknown>
interface Request {
  resourceSpans: {
    resource?: Json
    schemaUrl?: string
    scopeSpans: { scope?: Json; schemaUrl?: string; spans: Json[] }[]
  }[]
}

async function send(request: Request, how: 'protobuf' | 'json'): Promise<void> {
  const [type, body] =
    how === 'json' ? ['application/json', JSON.stringify(request)] : ['application/x-protobuf', encodeOtlp(request)]
  const headers = { 'content-type': type, 'content-encoding': 'gzip' }
  const response = await fetch(`${http}/v1/traces`, { method: 'POST', headers, body: gzipSync(body) })
  expect([response.status, await response.text()]).toEqual([200, how === 'json' ? '{}' : ''])
}

async function sendAll(requests: readonly Request[], how: 'protobuf' | 'json'): Promise<void> {
  for (let i = 0; i < requests.length; i += 20)
    await Promise.all(requests.slice(i, i + 20).map((one) => send(one, how)))
}

async function readBack(traceIds: readonly string[]): Promise<Request[]> {
  const traces = await openSpanReader(db.clickhouse).readTraces(traceIds.map((traceId) => ({ traceId })))
  return Array.from(traces, (trace) => traceOtlp(trace) as unknown as Request)
}

/** One line a span with its resource and scope, defaults left out, attributes by key: equal when nothing was lost. */
function spansOf(requests: readonly Request[]): string[] {
  const lines: string[] = []
  for (const { resourceSpans } of requests)
    for (const { resource = {}, schemaUrl = '', scopeSpans } of resourceSpans)
      for (const scopeOf of scopeSpans)
        for (const span of scopeOf.spans)
          lines.push(
            JSON.stringify(
              normal({ resource, schemaUrl, scope: scopeOf.scope ?? {}, scopeUrl: scopeOf.schemaUrl, span }),
            ),
          )
  return lines.sort()
}

const byKey = (a: unknown, b: unknown) => ((a as Json)['key']! < (b as Json)['key']! ? -1 : 1)

function normal(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normal(item))
    return key === 'attributes' ? items.sort(byKey) : items
  }
  if (typeof value !== 'object' || value === null) return value
  const isAnyValue = key === 'value' || key === ''
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, normal(inner, name)] as const)
    .filter(([name, inner]) => !isDefault(name, inner) || (isAnyValue && name.endsWith('Value')))
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

const isDefault = (name: string, value: unknown) =>
  value === undefined ||
  value === '' ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0 && name !== 'values') ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0 && name !== 'value')

let seed = 1
const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n
const pick = <T>(...choices: readonly T[]): T => choices[random(choices.length)]!
const hex = (bytes: number) =>
  Array.from({ length: bytes }, () => (1 + random(255)).toString(16).padStart(2, '0')).join('')
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i))

function anyValue(depth = 0): Json {
  const kinds: (() => Json)[] = [
    () => ({ stringValue: pick('', 'a', 'ü€😀', 'x'.repeat(random(500)), 'two\nlines', '{"json": true}') }),
    () => ({ boolValue: random(2) === 0 }),
    () => ({ intValue: pick('0', '200', '-1', '9223372036854775807', '-9223372036854775808', '268435456') }),
    () => ({ doubleValue: pick<number | string>(0.1, -2.5e300, 12, 'NaN', 'Infinity', '-Infinity') }),
    () => ({ bytesValue: Buffer.from(hex(random(40)), 'hex').toString('base64') }),
    () => ({}),
    () => ({ arrayValue: { values: times(random(4), () => anyValue(depth + 1)) } }),
    () => ({
      kvlistValue: { values: times(random(4), (i) => ({ key: `k${i}`, value: anyValue(depth + 1) })) },
    }),
  ]
  return kinds[random(depth > 3 ? 6 : kinds.length)]!()
}

const keys = [
  'http.request.method',
  'http.response.status_code',
  'node_id',
  'peer',
  'guid:x-request-id',
  'Schlüssel',
  'ä b',
]
const attributes = (most: number) =>
  times(random(most), (i) => ({ key: i < 7 ? keys[i]! : `custom.${i}.${random(3)}`, value: anyValue() }))

function span(traceId: string): Json {
  const start = 1_700_000_000_000_000_000n + BigInt(random(2 ** 31)) * 1_000n + BigInt(random(1000))
  return {
    traceId,
    spanId: hex(8),
    parentSpanId: pick('', hex(8)),
    traceState: pick('', 'ot=th:fd70a4,vendor=x'),
    flags: pick(0, 1, 0x101, 0x301),
    name: pick('', 'GET /cart/{id}', 'router outbound|8080||pay; egress', 'n'.repeat(700)),
    kind: pick(0, 1, 2, 3, 4, 5, 77),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(random(2 ** 31)) - 1000n),
    attributes: attributes(20),
    droppedAttributesCount: pick(0, 0, 7),
    events: times(random(3), () => ({
      timeUnixNano: String(start + 5n),
      name: pick('exception', 'first_upstream_tx_byte_sent'),
      attributes: attributes(4),
      droppedAttributesCount: pick(0, 2),
    })),
    droppedEventsCount: pick(0, 3),
    links: times(random(3), () => ({
      traceId: hex(16),
      spanId: hex(8),
      traceState: pick('', 'a=b'),
      attributes: attributes(3),
      droppedAttributesCount: pick(0, 1),
      flags: pick(0, 0x301),
    })),
    droppedLinksCount: pick(0, 4),
    status: pick<Json>({}, { code: 1 }, { code: 2, message: 'no healthy upstream' }, { code: 9 }, { message: 'ok?' }),
  }
}

function request(traceIds: readonly string[]): Request {
  return {
    resourceSpans: times(1 + random(4), () => ({
      resource: { attributes: attributes(9), droppedAttributesCount: pick(0, 1) },
      schemaUrl: pick('', 'https://opentelemetry.io/schemas/1.27.0'),
      scopeSpans: times(1 + random(3), () => ({
        scope: {
          name: pick('', 'envoy'),
          version: pick('', '1.40'),
          attributes: attributes(3),
          droppedAttributesCount: 0,
        },
        schemaUrl: pick('', 'https://opentelemetry.io/schemas/1.30.0'),
        spans: times(random(8), () => span(pick(...traceIds))),
      })),
    })),
  }
}

it.each(['protobuf', 'json'] as const)('everything OTLP can say, as %s', async (how) => {
  seed = how === 'json' ? 11 : 7
  const traceIds = times(6, () => hex(16))
  const requests = times(60, () => request(traceIds))
  await sendAll(requests, how)
  const sent = spansOf(requests)
  expect(sent.length).toBeGreaterThan(500)
  expect(spansOf(await readBack(traceIds))).toEqual(sent)
})

it('what real proxies and SDKs sent', async () => {
  const folder = new URL('../fixtures/recordings/', import.meta.url)
  const requests: Request[] = []
  for (const scenario of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const lines = gunzipSync(readFileSync(new URL(`${scenario.name}/spans.otlp.jsonl.gz`, folder))).toString()
    for (const line of lines.split('\n').filter(Boolean).slice(0, 40)) requests.push(JSON.parse(line) as Request)
  }
  await sendAll(requests, 'protobuf')
  const sent = spansOf(requests)
  expect(sent.length).toBeGreaterThan(5_000)
  const traceIds = [...new Set(sent.map((line) => (JSON.parse(line) as { span: { traceId: string } }).span.traceId))]
  expect(spansOf(await readBack(traceIds))).toEqual(sent)
})

it('spans of many traces, unsorted and from several parts, as those of traces that are sorted by ClickHouse', async () => {
  await db.clickhouse.command('SYSTEM STOP MERGES spans')
  try {
    const start = BigInt(Date.now() - 100_000) * 1_000_000n
    const traceIds = times(300, () => hex(16))
    // Each trace in several requests and minutes, its latest spans first; some spans begin together, some come twice.
    for (let part = 3; part >= 0; part--) {
      const spans = traceIds.flatMap((traceId, i) =>
        times(1 + random(4), (n) => {
          const startNs = start + BigInt((part * 7 + (n >> 1)) * 3_000_000_000 + i)
          const startTimeUnixNano = String(startNs)
          return { traceId, spanId: hex(8), name: `n${n}`, startTimeUnixNano, endTimeUnixNano: String(startNs + 5n) }
        }),
      )
      await send({ resourceSpans: [{ scopeSpans: [{ spans: [...spans, ...spans.slice(0, 50)] }] }] }, 'protobuf')
    }
    const reader = openSpanReader(db.clickhouse)
    const read = async (refs: { traceId: string; rows?: number }[], maxSpans = 1000) =>
      Array.from(await reader.readTraces(refs, { maxSpans }), (trace) => ({
        ...{ id: trace.traceId, base: trace.baseUnixNano, truncated: trace.truncated },
        spans: trace.spans.map(({ spanId, name, start: at }) => [spanId, name, at]),
      }))
    const sorted = await read(traceIds.map((traceId) => ({ traceId })))
    expect(sorted).toHaveLength(300)
    expect(await read(traceIds.map((traceId) => ({ traceId, rows: 8 })))).toEqual(sorted)
    // One that is longer than may be read is cut by ClickHouse, with all that are read with it.
    const cut = await read(
      traceIds.map((traceId, i) => ({ traceId, rows: i === 0 ? 99 : 8 })),
      5,
    )
    expect(cut.map(({ spans }) => spans)).toEqual(sorted.map(({ spans }) => spans.slice(0, 5)))
  } finally {
    await db.clickhouse.command('SYSTEM START MERGES spans')
  }
})
