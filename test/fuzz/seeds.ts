import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { encodeOtlp } from '../otlp-proto.ts'

const source = import.meta.url.endsWith('.ts')
const recordings = new URL(source ? '../fixtures/recordings/' : '../../../test/fixtures/recordings/', import.meta.url)

interface Request {
  resourceSpans: { scopeSpans: { spans: { attributes?: object[]; [name: string]: unknown }[] }[] }[]
}

/** What real proxies and SDKs sent, each cut to a few spans: OTLP/JSON. */
export function recordedRequests(): Request[] {
  const found: Request[] = []
  for (const { name } of readdirSync(recordings, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const file = new URL(`${name}/spans.otlp.jsonl.gz`, recordings)
    const lines = gunzipSync(readFileSync(file)).toString().split('\n').filter(Boolean)
    for (const [i, line] of lines.slice(0, 6).entries()) found.push(few(JSON.parse(line) as Request, i === 0 ? 2 : 1))
  }
  return found
}

const few = ({ resourceSpans }: Request, spans: number): Request => ({
  resourceSpans: resourceSpans.slice(0, 2).map((resource) => ({
    ...resource,
    scopeSpans: resource.scopeSpans.slice(0, 1).map((scope) => ({
      ...scope,
      spans: scope.spans
        .slice(0, spans)
        .map((span) => ({ ...span, attributes: span.attributes?.slice(-10 * spans + 6) ?? [] })),
    })),
  })),
})

/** Everything that OTLP can say, in one span. */
const everything: Request = {
  resourceSpans: [
    {
      ...{ schemaUrl: 'https://opentelemetry.io/schemas/1.27.0' },
      ...{ resource: { attributes: [text('service.name', 'shop')], droppedAttributesCount: 1 } },
      scopeSpans: [
        {
          ...{ schemaUrl: 'https://opentelemetry.io/schemas/1.30.0' },
          ...{ scope: { name: 'lib', version: '1', attributes: [text('a', 'b')], droppedAttributesCount: 2 } },
          spans: [
            {
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId: 'b7ad6b7169203331',
              parentSpanId: '00f067aa0ba902b7',
              traceState: 'ot=th:fd70a4',
              flags: 0x301,
              name: 'GET /cart/{id}',
              kind: 2,
              startTimeUnixNano: '1700000000000000001',
              endTimeUnixNano: '1700000000000000101',
              attributes: [
                ...[text('http.request.method', 'GET'), text('guid:x-request-id', 'c2b7'), text('empty', '')],
                { key: 'ok', value: { boolValue: true } },
                { key: 'http.response.status_code', value: { intValue: '200' } },
                { key: 'negative', value: { intValue: '-9223372036854775808' } },
                { key: 'ratio', value: { doubleValue: 0.1 } },
                { key: 'raw', value: { bytesValue: 'AQID' } },
                { key: 'none', value: {} },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }, {}] } } },
                { key: 'map', value: { kvlistValue: { values: [text('k', 'v')] } } },
              ],
              droppedAttributesCount: 3,
              events: [
                {
                  timeUnixNano: '1700000000000000051',
                  name: 'e',
                  attributes: [text('a', 'b')],
                  droppedAttributesCount: 4,
                },
              ],
              droppedEventsCount: 5,
              links: [
                {
                  ...{ traceId: '0af7651916cd43dd8448eb211c80319d', spanId: 'b7ad6b7169203332', traceState: 'a=b' },
                  ...{ attributes: [text('a', 'b')], droppedAttributesCount: 6, flags: 1 },
                },
              ],
              droppedLinksCount: 7,
              status: { code: 2, message: 'deadlock' },
            },
          ],
        },
      ],
    },
  ],
}

function text(key: string, stringValue: string) {
  return { key, value: { stringValue } }
}

export const jsonSeeds = (): Request[] => [everything, ...recordedRequests()]

/** ExportTraceServiceRequests in protobuf, by an encoder that shares nothing with the collector. */
export const protobufSeeds = (): Buffer[] => jsonSeeds().map((request) => encodeOtlp(request))
