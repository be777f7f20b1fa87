import { decodeResource, decodeScope, decodeSpanExtension, spanAttributes } from '../../storage/otlp-decode.ts'
import type { StoredSpan, StoredTrace } from '../queries/spans.ts'

/** An OTLP/JSON ExportTraceServiceRequest (opentelemetry-proto, "JSON Protobuf Encoding"); what is empty is left out. */
export interface OtlpRequest {
  resourceSpans: {
    resource: object
    scopeSpans: { scope: object; spans: object[]; schemaUrl?: string }[]
    schemaUrl?: string
  }[]
}

/**
 * A trace as it was sent, but for the order of spans and attributes, and for fields that OTLP does not know: what the
 * exporter said, ready to be sent again.
 */
export function traceOtlp(trace: StoredTrace): OtlpRequest {
  const groups = new Map<unknown, Map<unknown, StoredSpan[]>>()
  for (const span of trace.spans) {
    const scopes = groups.get(span.resource) ?? new Map<unknown, StoredSpan[]>()
    groups.set(span.resource, scopes)
    const spans = scopes.get(span.scope)
    if (spans) spans.push(span)
    else scopes.set(span.scope, [span])
  }
  return {
    resourceSpans: [...groups.values()].map((scopes) => {
      const spansByScope = [...scopes.values()]
      const { resource } = spansByScope[0]![0]!
      return {
        resource: present(decodeResource(resource.raw)),
        scopeSpans: spansByScope.map((spans) => {
          const { scope } = spans[0]!
          return {
            scope: present(decodeScope(scope.raw)),
            spans: spans.map((span) => spanOtlp(span, trace)),
            ...present({ schemaUrl: scope.schemaUrl }),
          }
        }),
        ...present({ schemaUrl: resource.schemaUrl }),
      }
    }),
  }
}

function spanOtlp(span: StoredSpan, { traceId, baseUnixNano }: StoredTrace): object {
  const ext = decodeSpanExtension(span.rest.extOf(span.row))
  const start = baseUnixNano + BigInt(span.start)
  return present({
    traceId,
    spanId: span.spanId,
    traceState: span.traceState,
    parentSpanId: span.parentId,
    flags: span.flags,
    name: span.name,
    kind: ext.kind ?? span.kind,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(span.duration)),
    attributes: spanAttributes(span.set.raw, span.attributes, ext),
    droppedAttributesCount: ext.droppedAttributesCount,
    events: ext.events.map(present),
    droppedEventsCount: ext.droppedEventsCount,
    links: ext.links.map(present),
    droppedLinksCount: ext.droppedLinksCount,
    status: present({ message: span.rest.statusMessageOf(span.row), code: ext.statusCode ?? span.status }),
  })
}

/** Without what has its default: as the JSON encoding of protobuf leaves it out. */
function present<Fields extends object>(fields: Fields): Partial<Fields> {
  const isDefault = (value: unknown) =>
    value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isDefault(value))) as Partial<Fields>
}
