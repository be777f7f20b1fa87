import type { RecordedTrace } from './demo.ts'

/**
 * What goes wrong in the demo, made by hand on recorded traces: most pods of one workload are of a new version whose sidecar holds
 * each request for a while before it passes it on. What is beyond the sidecar, and all else after it, is later by as much: a span
 * keeps its cause.
 */
const incident = {
  /** service.name of the sidecar's spans. */
  sidecar: 'payments.shop',
  /** Of its spans: what is said by pods of the new version. */
  attributes: {
    'istio.canonical_revision': 'v2',
    node_id: 'sidecar~10.0.0.13~payments-6b8f4d7c9-m4tzr.shop~shop.svc.cluster.local',
  } as Readonly<Record<string, string>>,
  holdsMs: [20, 60],
} as const

/** Three of four requests go to the new pods. @param nth running number of the request. */
export const isOnNewPod = (nth: number): boolean => chance(nth) >= 0.25

/** The trace as it would have been on a new pod; one that does not pass the sidecar is as it was. */
export function held(trace: RecordedTrace, nth: number): RecordedTrace {
  const [least, most] = incident.holdsMs
  const holdMs = least + (most - least) * chance(nth + 1_000_003)
  return heldIn(trace, { sidecar: incident.sidecar, holdMs, change: ofNewPod })
}

/** A proxy that is slowed for a while: HOPSCOPE_DEMO_FAULT. */
export interface Fault {
  /** service.name of the proxy's spans. */
  readonly proxy: string
  readonly byMs: number
  /** Unix ms. */
  readonly fromMs: number
  readonly toMs: number
}

/** The trace as it would have been with the fault, if it began while that lasted and passes the proxy. */
export const faulted = (trace: RecordedTrace, { proxy, byMs, fromMs, toMs }: Fault, atMs: number): RecordedTrace =>
  atMs < fromMs || atMs >= toMs ? trace : heldIn(trace, { sidecar: proxy, holdMs: byMs })

/**
 * The trace with a request held in a proxy before it is passed on.
 * @param change what else is different of the attributes of the proxy's spans.
 */
function heldIn(
  trace: RecordedTrace,
  { sidecar, holdMs, change }: { sidecar: string; holdMs: number; change?: (attribute: Attribute) => Attribute },
): RecordedTrace {
  const isOfSidecar = ({ resource }: RecordedTrace['spans'][number]) => serviceOf(resource.resource) === sidecar
  const inbound = trace.spans.find((recorded) => isOfSidecar(recorded) && recorded.span.kind === 2)
  if (!inbound) return trace
  const at = BigInt(inbound.span.startTimeUnixNano)
  const holdNs = BigInt(Math.round(holdMs * 1e6))
  // Clocks of SDKs are coarse: a callee may seem to begin before its sidecar did.
  const beyond = below(trace, inbound.span.spanId)
  return {
    start: trace.start,
    spans: trace.spans.map((recorded) => {
      const { span } = recorded
      const later = (instant: string) =>
        beyond.has(span.spanId) || BigInt(instant) > at ? String(BigInt(instant) + holdNs) : instant
      return {
        ...recorded,
        span: {
          ...span,
          startTimeUnixNano: later(span.startTimeUnixNano),
          endTimeUnixNano: later(span.endTimeUnixNano),
          ...(span.events && { events: span.events.map((e) => ({ ...e, timeUnixNano: later(e.timeUnixNano) })) }),
          ...(change && isOfSidecar(recorded) && span.attributes && { attributes: span.attributes.map(change) }),
        },
      }
    }),
  }
}

/** Ids of the spans below one. */
function below({ spans }: RecordedTrace, spanId: string): Set<string> {
  const found = new Set([spanId])
  for (let before = 0; before < found.size;) {
    before = found.size
    for (const { span } of spans) if (span.parentSpanId && found.has(span.parentSpanId)) found.add(span.spanId)
  }
  found.delete(spanId)
  return found
}

type Attribute = NonNullable<RecordedTrace['spans'][number]['span']['attributes']>[number]

function ofNewPod(attribute: Attribute): Attribute {
  const stringValue = incident.attributes[attribute.key]
  return stringValue === undefined ? attribute : { ...attribute, value: { stringValue } }
}

function serviceOf(resource: { attributes?: Attribute[] } | undefined): string | undefined {
  return resource?.attributes?.find(({ key }) => key === 'service.name')?.value.stringValue
}

/** In [0, 1), the same for the same number. */
function chance(nth: number): number {
  const mixed = Math.imul(nth ^ (nth >>> 15), 0x2c1b3c6d)
  return (Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 0) / 2 ** 32
}
