import protobuf from 'protobufjs'

/**
 * OTLP traces (opentelemetry-proto v1) for protobufjs: an encoder and decoder that shares nothing with the collector's,
 * to hold it against.
 */
const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })

const schema = {
  nested: {
    ExportTraceServiceRequest: { fields: { resourceSpans: list('ResourceSpans', 1) } },
    ResourceSpans: {
      fields: { resource: field('Resource', 1), scopeSpans: list('ScopeSpans', 2), schemaUrl: field('string', 3) },
    },
    Resource: { fields: { attributes: list('KeyValue', 1), droppedAttributesCount: field('uint32', 2) } },
    ScopeSpans: {
      fields: { scope: field('InstrumentationScope', 1), spans: list('Span', 2), schemaUrl: field('string', 3) },
    },
    InstrumentationScope: {
      fields: {
        name: field('string', 1),
        version: field('string', 2),
        attributes: list('KeyValue', 3),
        droppedAttributesCount: field('uint32', 4),
      },
    },
    Span: {
      fields: {
        traceId: field('bytes', 1),
        spanId: field('bytes', 2),
        traceState: field('string', 3),
        parentSpanId: field('bytes', 4),
        flags: field('fixed32', 16),
        name: field('string', 5),
        kind: field('int32', 6),
        startTimeUnixNano: field('fixed64', 7),
        endTimeUnixNano: field('fixed64', 8),
        attributes: list('KeyValue', 9),
        droppedAttributesCount: field('uint32', 10),
        events: list('Event', 11),
        droppedEventsCount: field('uint32', 12),
        links: list('Link', 13),
        droppedLinksCount: field('uint32', 14),
        status: field('Status', 15),
      },
    },
    Event: {
      fields: {
        timeUnixNano: field('fixed64', 1),
        name: field('string', 2),
        attributes: list('KeyValue', 3),
        droppedAttributesCount: field('uint32', 4),
      },
    },
    Link: {
      fields: {
        traceId: field('bytes', 1),
        spanId: field('bytes', 2),
        traceState: field('string', 3),
        attributes: list('KeyValue', 4),
        droppedAttributesCount: field('uint32', 5),
        flags: field('fixed32', 6),
      },
    },
    Status: { fields: { message: field('string', 2), code: field('int32', 3) } },
    KeyValue: { fields: { key: field('string', 1), value: field('AnyValue', 2) } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      fields: {
        stringValue: field('string', 1),
        boolValue: field('bool', 2),
        intValue: field('int64', 3),
        doubleValue: field('double', 4),
        arrayValue: field('ArrayValue', 5),
        kvlistValue: field('KeyValueList', 6),
        bytesValue: field('bytes', 7),
      },
    },
    ArrayValue: { fields: { values: list('AnyValue', 1) } },
    KeyValueList: { fields: { values: list('KeyValue', 1) } },
  },
}

const type = protobuf.Root.fromJSON(schema).lookupType('ExportTraceServiceRequest')
const idFields = new Set(['traceId', 'spanId', 'parentSpanId'])

/** Protobuf of an OTLP/JSON request: its ids are hex where plain protobuf JSON has base64. */
export function encodeOtlp(request: object): Buffer {
  const base64 = JSON.parse(JSON.stringify(request), (key: string, value: unknown) =>
    idFields.has(key) && typeof value === 'string' ? Buffer.from(value, 'hex').toString('base64') : value,
  ) as Record<string, unknown>
  return Buffer.from(type.encode(type.fromObject(base64)).finish())
}
