import {
  anyValueText,
  decodeResource,
  decodeScope,
  decodeSpanExtension,
  joined,
  TooDeepError,
  type KeyValue,
} from '../../storage/otlp-decode.ts'
import { FieldCursor, WireType } from '../../storage/protobuf.ts'
import type { Attributes, ResourceInput, ScopeInput, SpanInput, TraceInput } from '../analysis/types.ts'

/** An ExportTraceServiceRequest as traces for the analysis, as the collector and its reader would have made them of the same bytes. */
export interface FileTraces {
  /** The trace with most spans first. */
  readonly traces: readonly FileTrace[]
  /** Why spans were left out, with how many each. */
  readonly leftOut: ReadonlyMap<string, number>
}

export interface FileTrace extends TraceInput {
  /** More than `maxSpans` were there; the earliest are here. */
  readonly truncated: boolean
  /** All that were there. */
  readonly spanCount: number
}

type Draft = Omit<SpanInput, 'start' | 'duration' | 'events'> & {
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly events: readonly { name: string; timeUnixNano: bigint; attributes: Attributes }[]
}

const nothing: Attributes = new Map()

/** @param maxSpans of one trace. */
export function newTraces(maxSpans: number) {
  const byId = new Map<string, Draft[]>()
  const leftOut = new Map<string, number>()
  const resources = new Map<string, ResourceInput>()
  const scopes = new Map<string, ScopeInput>()

  function addSpan(bytes: Uint8Array, resource: ResourceInput, scope: ScopeInput): void {
    const read = spanOf(bytes, resource, scope)
    if ('refused' in read) leftOut.set(read.refused, (leftOut.get(read.refused) ?? 0) + 1)
    else {
      const spans = byId.get(read.traceId)
      if (spans) spans.push(read.span)
      else byId.set(read.traceId, [read.span])
    }
  }

  return {
    /** @throws MalformedError when the bytes are not the message. */
    add(request: Uint8Array): void {
      for (const resourceSpans of fieldsOf(request, 1)) {
        const raw = joined(fieldsOf(resourceSpans, 1))
        const resource = known(resources, raw, () => ({ attributes: asText(decodeResource(raw).attributes) }))
        for (const scopeSpans of fieldsOf(resourceSpans, 2)) {
          const rawScope = joined(fieldsOf(scopeSpans, 1))
          const scope = known(scopes, rawScope, () => scopeOf(rawScope))
          for (const span of fieldsOf(scopeSpans, 2)) addSpan(span, resource, scope)
        }
      }
    },
    all(): FileTraces {
      const traces = [...byId].map(([traceId, spans]) => traceOf(traceId, spans, maxSpans))
      return { traces: traces.sort((a, b) => b.spanCount - a.spanCount), leftOut }
    },
  }
}

/** The same bytes give the same object: what the analysis knows of an emitter is kept by it. */
function known<Entry>(entries: Map<string, Entry>, raw: Uint8Array, make: () => Entry): Entry {
  const key = Buffer.from(raw).toString('latin1')
  let entry = entries.get(key)
  if (!entry) entries.set(key, (entry = make()))
  return entry
}

function scopeOf(raw: Uint8Array): ScopeInput {
  const { name, version } = decodeScope(raw)
  return { name, version, tailSampled: Buffer.from(raw).includes('tailsampling.policy') }
}

function fieldsOf(message: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = []
  const cursor = new FieldCursor(message)
  while (cursor.next()) {
    if (cursor.field !== field) continue
    cursor.expect(WireType.bytes)
    found.push(cursor.content())
  }
  return found
}

const asText = (attributes: readonly KeyValue[]): Attributes =>
  attributes.length === 0 ? nothing : new Map(attributes.map(({ key, value }) => [key, anyValueText(value)]))

/** The numbers of a Span's fields (opentelemetry/proto/trace/v1/trace.proto). */
const Field = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  status: 15,
  flags: 16,
}

function spanOf(
  bytes: Uint8Array,
  resource: ResourceInput,
  scope: ScopeInput,
): { traceId: string; span: Draft } | { refused: string } {
  let [traceId, spanId, parentId, traceState, name] = ['', '', '', '', '']
  let [kind, status, flags] = [0, 0, 0]
  let [start, end] = [0n, 0n]
  const f = new FieldCursor(bytes)
  const hex = () => Buffer.from(f.content()).toString('hex')
  while (f.next()) {
    if (f.field === Field.traceId) traceId = hex()
    else if (f.field === Field.spanId) spanId = hex()
    else if (f.field === Field.parentId) parentId = hex()
    else if (f.field === Field.traceState) traceState = f.text()
    else if (f.field === Field.name) name = f.text()
    else if (f.field === Field.kind) kind = f.low <= 5 ? f.low : 0
    else if (f.field === Field.start) start = f.fixed64()
    else if (f.field === Field.end) end = f.fixed64()
    else if (f.field === Field.flags) flags = f.fixed32()
    else if (f.field === Field.status) {
      const inner = f.inner()
      while (inner.next()) if (inner.field === 3) status = inner.low <= 2 ? inner.low : 0
    }
  }
  const refused = whyNot({ traceId, spanId, parentId, start, end })
  if (refused !== '') return { refused }
  try {
    const { attributes, events, links } = decodeSpanExtension(bytes)
    const span: Draft = {
      ...{ spanId, parentId, name, kind, status, flags, traceState, resource, scope },
      ...{ startUnixNano: start, endUnixNano: end, attributeSet: nothing, attributes: asText(attributes) },
      events: events.map((event) => ({
        name: event.name,
        timeUnixNano: BigInt(event.timeUnixNano),
        attributes: asText(event.attributes),
      })),
      links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    }
    return { traceId, span }
  } catch (error) {
    if (error instanceof TooDeepError) return { refused: error.message }
    throw error
  }
}

interface Identity {
  traceId: string
  spanId: string
  parentId: string
  start: bigint
  end: bigint
}

/** What OTLP forbids, in the words of the collector; '' for nothing. */
function whyNot({ traceId, spanId, parentId, start, end }: Identity): string {
  if (traceId.length !== 32) return 'trace id is not 16 bytes'
  if (/^0*$/.test(traceId)) return 'trace id is all zero'
  if (spanId.length !== 16) return 'span id is not 8 bytes'
  if (/^0*$/.test(spanId)) return 'span id is all zero'
  if (parentId !== '' && parentId.length !== 16) return 'parent span id is not 8 bytes'
  if (start === 0n) return 'start time is missing'
  if (end === 0n) return 'end time is missing'
  return start >= 2n ** 63n || end >= 2n ** 63n ? 'time is after the year 2262' : ''
}

function traceOf(traceId: string, drafts: Draft[], maxSpans: number): FileTrace {
  const byStart = (a: Draft, b: Draft) =>
    a.startUnixNano < b.startUnixNano ? -1 : a.startUnixNano > b.startUnixNano ? 1 : a.spanId < b.spanId ? -1 : 1
  const kept = drafts.sort(byStart).slice(0, maxSpans)
  const base = kept[0]!.startUnixNano
  return {
    traceId,
    baseUnixNano: base,
    truncated: drafts.length > maxSpans,
    spanCount: drafts.length,
    spans: kept.map(({ startUnixNano, endUnixNano, events, ...span }) => ({
      ...span,
      // All zero is what some exporters send for no parent.
      parentId: /^0*$/.test(span.parentId) ? '' : span.parentId,
      start: Number(startUnixNano - base),
      duration: Number(endUnixNano - startUnixNano),
      events: events.map(({ timeUnixNano, ...event }) => ({ ...event, time: Number(timeUnixNano - base) })),
    })),
  }
}
