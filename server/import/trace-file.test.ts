import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tracesOf, type ExportRequest } from '../../test/otlp-json.ts'
import { analyseTrace } from '../analysis/analyse.ts'
import { readTraceFile } from './trace-file.ts'

const examples = JSON.parse(
  readFileSync(new URL('../../test/fixtures/proxy-span-examples.json', import.meta.url), 'utf8'),
) as ExportRequest[]

const numbersOf = (trace: Parameters<typeof analyseTrace>[0]) => {
  const { proxies, hops, criticalPath, tax, duration } = analyseTrace(trace, { networkRttNs: null })
  return { proxies, hops, criticalPath, tax, duration }
}
const us = (n: number) => 1_700_000_000_000_000 + n

/** A gateway with one upstream attempt before a service, as Jaeger's UI downloads it. */
const jaeger = {
  data: [
    {
      traceID: '4bf92f3577b34da6a3ce929d0e0e4736',
      spans: [
        {
          ...{ traceID: '4bf92f3577b34da6a3ce929d0e0e4736', spanID: 'a1', flags: 1, operationName: 'GET /cart' },
          ...{ references: [], startTime: us(0), duration: 9000, processID: 'p1' },
          tags: [
            { key: 'span.kind', type: 'string', value: 'server' },
            { key: 'http.status_code', type: 'int64', value: 200 },
            { key: 'retry', type: 'bool', value: true },
            { key: 'share', type: 'float64', value: 0.5 },
            { key: 'otel.scope.name', type: 'string', value: 'gateway' },
          ],
          logs: [
            {
              timestamp: us(100),
              fields: [
                { key: 'event', type: 'string', value: 'matched' },
                { key: 'route', type: 'string', value: '/cart' },
              ],
            },
          ],
        },
        {
          ...{ traceID: '4bf92f3577b34da6a3ce929d0e0e4736', spanID: '00000000000000b2', operationName: 'cart' },
          references: [
            { refType: 'CHILD_OF', traceID: '4bf92f3577b34da6a3ce929d0e0e4736', spanID: 'a1' },
            { refType: 'FOLLOWS_FROM', traceID: 'ff', spanID: 'c3' },
          ],
          ...{ startTime: us(1000), duration: 7000, processID: 'p2' },
          tags: [
            { key: 'span.kind', type: 'string', value: 'client' },
            { key: 'error', type: 'bool', value: true },
            { key: 'otel.status_description', type: 'string', value: 'reset' },
          ],
        },
      ],
      processes: {
        p1: { serviceName: 'edge', tags: [{ key: 'hostname', type: 'string', value: 'node-1' }] },
        p2: { serviceName: 'shop' },
      },
    },
  ],
}
const only = (file: unknown) => readTraceFile(typeof file === 'string' ? file : JSON.stringify(file)).traces[0]!

describe('OTLP JSON', () => {
  it('gives the numbers that the same spans have when they are received', () => {
    for (const example of examples) {
      const { format, traces, leftOut } = readTraceFile(JSON.stringify(example))
      expect(format).toBe('otlp')
      expect(leftOut.size).toBe(0)
      const received = tracesOf([example])
      expect(traces.map(({ traceId }) => traceId).sort()).toEqual(received.map(({ traceId }) => traceId).sort())
      for (const trace of received)
        expect(numbersOf(traces.find(({ traceId }) => traceId === trace.traceId)!)).toEqual(numbersOf(trace))
    }
  })

  it('may be one export request a line, a list of them, or an answer with the request inside', () => {
    const expected = numbersOf(only(examples[1]))
    const parts = examples[1]!.resourceSpans!.map((one) => ({ resourceSpans: [one] }))
    expect(parts.length).toBeGreaterThan(1)
    expect(numbersOf(only(`${parts.map((part) => JSON.stringify(part)).join('\n')}\n`))).toEqual(expected)
    expect(numbersOf(only(parts))).toEqual(expected)
    expect(numbersOf(only({ result: examples[1] }))).toEqual(expected)
    expect(numbersOf(only(`\ufeff${JSON.stringify(examples[1], null, 2)}`))).toEqual(expected)
  })

  it('loses what a receiver would have left out, and says so', () => {
    const span = { spanId: '00000000000000a1', startTimeUnixNano: '1', endTimeUnixNano: '2' }
    const file = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, traceId: 'ab' }, span] }] }] }
    const { traces, leftOut } = readTraceFile(JSON.stringify(file))
    expect(traces).toEqual([])
    expect(Object.fromEntries(leftOut)).toEqual({ 'trace id is not 16 bytes': 2 })
  })

  it('is cut where a trace has too many spans, the earliest of which stay', () => {
    const spans = Array.from({ length: 4 }, (_, i) => ({
      ...{ traceId: 'ab'.repeat(16), spanId: `000000000000000${i + 1}` },
      ...{ startTimeUnixNano: String(20 - i), endTimeUnixNano: '30' },
    }))
    const file = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
    const trace = readTraceFile(file, 3).traces[0]!
    expect(trace).toMatchObject({ truncated: true, spanCount: 4, baseUnixNano: 17n })
    expect(trace.spans.map(({ start }) => start)).toEqual([0, 1, 2])
  })
})

describe('Jaeger JSON', () => {
  it('becomes the spans that a receiver would have made of them', () => {
    const { traceId, baseUnixNano, spans } = only(jaeger)
    expect(traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    expect(baseUnixNano).toBe(1_700_000_000_000_000_000n)
    const [gateway, cart] = spans
    expect(gateway).toMatchObject({ spanId: '00000000000000a1', parentId: '', kind: 2, start: 0, duration: 9_000_000 })
    expect(gateway!.scope.name).toBe('gateway')
    expect(Object.fromEntries(gateway!.resource.attributes)).toEqual({ 'service.name': 'edge', 'host.name': 'node-1' })
    expect(Object.fromEntries(gateway!.attributes)).toEqual({ 'http.status_code': '200', retry: 'true', share: '0.5' })
    expect(gateway!.events).toEqual([{ name: 'matched', time: 100_000, attributes: new Map([['route', '/cart']]) }])
    expect(cart).toMatchObject({ parentId: '00000000000000a1', kind: 3, status: 2, start: 1_000_000 })
    expect(cart!.links).toEqual([{ traceId: 'ff'.padStart(32, '0'), spanId: '00000000000000c3' }])
  })

  it('may be one trace without an envelope, and its parent by an old field', () => {
    const [trace] = jaeger.data
    const spans = trace!.spans.map(({ references: _, ...span }, i) => ({ ...span, parentSpanID: i === 0 ? '' : 'a1' }))
    const { spans: read } = only({ ...trace, spans })
    expect(read.map(({ parentId }) => parentId)).toEqual(['', '00000000000000a1'])
  })

  it('knows calls that nobody waits for', () => {
    const [trace] = jaeger.data
    const references = [{ refType: 'FOLLOWS_FROM', traceID: trace!.traceID, spanID: 'a1' }]
    const { spans } = only({ ...trace, spans: [trace!.spans[0], { ...trace!.spans[1], references }] })
    expect(spans[1]!.parentId).toBe('00000000000000a1')
    expect(spans[1]!.attributes.get('opentracing.ref_type')).toBe('follows_from')
  })
})

describe('Zipkin JSON', () => {
  const span = { traceId: '1', id: '2', kind: 'SERVER', name: 'get', timestamp: us(0), duration: 12 }
  const list = [{ ...span, localEndpoint: { serviceName: 'cart' } }]

  it('is a list of spans, or a list of such lists', () => {
    for (const file of [list, [list]]) {
      const { format, traces } = readTraceFile(JSON.stringify(file))
      expect(format).toBe('zipkin')
      expect(traces[0]!.spans).toMatchObject([{ spanId: '0000000000000002', kind: 2, duration: 12_000 }])
      expect(traces[0]!.spans[0]!.resource.attributes.get('service.name')).toBe('cart')
    }
  })
})

describe('a file that is none', () => {
  const [trace] = jaeger.data
  const withSpan = (change: object) => ({
    data: [{ ...trace, spans: [trace!.spans[0], { ...trace!.spans[1], ...change }] }],
  })
  const otlp = (change: object) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{}, change] }] }] })
  const deep = '['.repeat(100_000)

  it.each<[string, unknown, string]>([
    ['nothing', '', 'the file is empty'],
    ['white space', ' \n ', 'the file is empty'],
    ['text', 'hello', 'invalid JSON'],
    ['half a file', '{"resourceSpans": [', 'invalid JSON'],
    ['brackets without end', deep, 'invalid JSON'],
    ['a number', '7', 'not a trace file that is known here'],
    ['an empty list', [], 'the file is an empty list'],
    ['a list of something', [{ a: 1 }], 'not a trace file that is known here'],
    ['spans that are no list', otlp({}).resourceSpans[0]!.scopeSpans, 'not a trace file that is known here'],
    ['OTLP', { resourceSpans: {} }, 'resourceSpans is not an array'],
    ['OTLP', otlp({ traceId: 'xyz' }), 'resourceSpans[0].scopeSpans[0].spans[1].traceId is not hex'],
    ['OTLP', otlp({ startTimeUnixNano: 'now' }), 'spans[1].startTimeUnixNano is not an integer'],
    ['OTLP', otlp({ attributes: [{ key: 7 }] }), 'spans[1].attributes[0].key is not a string'],
    ['OTLP in lines', `${JSON.stringify(otlp({}))}\n{"resourceSpans":7}`, 'line 2: resourceSpans is not an array'],
    ['OTLP in lines', `${JSON.stringify(otlp({}))}\n{"spans":7}`, 'line 2: not an OTLP export request'],
    [
      'OTLP in a list',
      [otlp({}), otlp({ name: 1 })],
      '[1]: resourceSpans[0].scopeSpans[0].spans[1].name is not a string',
    ],
    ['Jaeger', { data: [] }, 'data has no trace'],
    ['Jaeger', { data: [7] }, 'data[0] is not an object'],
    ['Jaeger', { data: [{ spans: [] }] }, 'data[0].processes is not an object'],
    ['Jaeger', withSpan({ startTime: 'noon' }), 'data[0].spans[1].startTime is not a number of microseconds'],
    ['Jaeger', withSpan({ startTime: -1 }), 'data[0].spans[1].startTime is not a number of microseconds'],
    ['Jaeger', withSpan({ duration: 1e300 }), 'data[0].spans[1].duration is not a number of microseconds'],
    ['Jaeger', withSpan({ spanID: '<script>' }), 'data[0].spans[1].spanID is not an id of 16 hex digits'],
    ['Jaeger', withSpan({ processID: 'p9' }), 'data[0].spans[1].processID names no process: "p9"'],
    ['Jaeger', withSpan({ tags: [{ key: 'a', value: {} }] }), 'data[0].spans[1].tags[0].value is not a string'],
    ['Jaeger', withSpan({ references: [{ spanID: 7 }] }), 'data[0].spans[1].references[0].spanID is not an id'],
    ['Zipkin', [{ traceId: '1', id: 'x', timestamp: 1 }], '[0].id is not an id of 16 hex digits'],
    ['Zipkin', [[{ traceId: '1', id: '1', timestamp: 1 }], [7]], '[1]: [0] is not an object'],
  ])('%s is refused by its place: %j', (_, file, message) => {
    expect(() => readTraceFile(typeof file === 'string' ? file : JSON.stringify(file))).toThrow(message)
  })
})
