import { MalformedError } from '../../storage/protobuf.ts'
import { idAt, isObject, listAt, microsAt, objectAt, textAt, type Json } from './json.ts'

/**
 * Jaeger's JSON (what its UI downloads and `/api/traces` answers: `data[].spans[]` with `data[].processes`) as an OTLP
 * ExportTraceServiceRequest. The OpenTelemetry specification maps OTLP to Jaeger; this is the way back.
 */
export interface JaegerTrace {
  readonly trace: Json
  readonly path: string
}

const isTrace = (value: unknown): value is Json => isObject(value) && 'spans' in value && 'processes' in value

export const isJaeger = (content: unknown): boolean =>
  isTrace(content) ||
  (isObject(content) && Array.isArray(content['data'])) ||
  (Array.isArray(content) && isTrace(content[0]))

/** @param content for which `isJaeger` is true. @throws MalformedError */
export function jaegerTraces(content: unknown): JaegerTrace[] {
  if (isTrace(content)) return [{ trace: content, path: '' }]
  const [list, name] = isObject(content) ? [content['data'], 'data'] : [content, '']
  const traces = listAt(list, name)
  if (traces.length === 0) throw new MalformedError(`${name} has no trace`)
  return traces.map((trace, i) => ({ trace: objectAt(trace, `${name}[${i}]`), path: `${name}[${i}].` }))
}

/** @throws MalformedError naming the place. */
export function otlpOfJaeger(traces: readonly JaegerTrace[]): object {
  return { resourceSpans: traces.flatMap(resourceSpansOf) }
}

interface Tag {
  readonly key: string
  readonly value: object
  readonly text: string
}

function resourceSpansOf({ trace, path }: JaegerTrace): object[] {
  const processes = new Map(
    Object.entries(objectAt(trace['processes'], `${path}processes`)).map(([id, process]) => [
      id,
      { resource: resourceOf(objectAt(process, `${path}processes.${id}`), `${path}processes.${id}`), spans: scopes() },
    ]),
  )
  listAt(trace['spans'], `${path}spans`).forEach((value, i) => {
    const at = `${path}spans[${i}]`
    const span = objectAt(value, at)
    const id = textAt(span['processID'], `${at}.processID`)
    const process = processes.get(id)
    if (!process) throw new MalformedError(`${at}.processID names no process: ${JSON.stringify(id.slice(0, 100))}`)
    const tags = tagsOf(span['tags'], `${at}.tags`)
    const tag = tagIn(tags)
    const name = tag('otel.scope.name') ?? tag('otel.library.name') ?? ''
    const version = tag('otel.scope.version') ?? tag('otel.library.version') ?? ''
    process.spans.of(name, version).push(spanOf(span, tags, at))
  })
  return [...processes.values()].map(({ resource, spans }) => ({ resource, scopeSpans: spans.all() }))
}

function scopes() {
  const known = new Map<string, { scope: object; spans: object[] }>()
  return {
    of(name: string, version: string): object[] {
      const key = `${name}\0${version}`
      let scope = known.get(key)
      if (!scope) known.set(key, (scope = { scope: { name, version }, spans: [] }))
      return scope.spans
    },
    all: () => [...known.values()],
  }
}

/** What Jaeger's own SDKs called by other names. */
const resourceKeys = new Map([
  ['hostname', 'host.name'],
  ['client-uuid', 'service.instance.id'],
])

function resourceOf(process: Json, path: string): object {
  const name = textAt(process['serviceName'], `${path}.serviceName`)
  const tags = tagsOf(process['tags'], `${path}.tags`).map(({ key, value }) => ({
    key: resourceKeys.get(key) ?? key,
    value,
  }))
  return { attributes: [...(name === '' ? [] : [text('service.name', name)]), ...tags] }
}

const kinds = new Map(Object.entries({ internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }))
const internalKind = 1

/** These say of a span what OTLP has a field for. */
const ownTags = new Set([
  ...['span.kind', 'otel.scope.name', 'otel.scope.version', 'otel.library.name', 'otel.library.version'],
  ...['otel.status_code', 'otel.status_description', 'w3c.tracestate'],
])

function spanOf(span: Json, tags: readonly Tag[], path: string): object {
  const tag = tagIn(tags)
  const traceId = idAt(span['traceID'], 32, `${path}.traceID`)
  const start = microsAt(span['startTime'], `${path}.startTime`)
  const duration = microsAt(span['duration'] ?? 0, `${path}.duration`)
  const references = referencesOf(span, path)
  const own = (of: Reference) => of.traceId === traceId
  const parent = references.find((of) => of.childOf && own(of)) ?? references.find(own)
  return {
    traceId,
    spanId: idAt(span['spanID'], 16, `${path}.spanID`),
    ...(parent && { parentSpanId: parent.spanId }),
    traceState: tag('w3c.tracestate') ?? '',
    name: textAt(span['operationName'], `${path}.operationName`),
    kind: kinds.get((tag('span.kind') ?? '').toLowerCase()) ?? internalKind,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + duration),
    attributes: [
      ...tags.filter(({ key }) => !ownTags.has(key)).map(({ key, value }) => ({ key, value })),
      ...(parent && !parent.childOf ? [text('opentracing.ref_type', 'follows_from')] : []),
    ],
    events: listAt(span['logs'], `${path}.logs`).map((log, i) =>
      eventOf(objectAt(log, `${path}.logs[${i}]`), `${path}.logs[${i}]`),
    ),
    links: references
      .filter((of) => of !== parent)
      .map(({ traceId: of, spanId, childOf }) => ({
        traceId: of,
        spanId,
        attributes: [text('opentracing.ref_type', childOf ? 'child_of' : 'follows_from')],
      })),
    status: statusOf(tag('otel.status_code'), tag('otel.status_description'), tag('error')),
  }
}

interface Reference {
  readonly traceId: string
  readonly spanId: string
  readonly childOf: boolean
}

function referencesOf(span: Json, path: string): Reference[] {
  const references = listAt(span['references'], `${path}.references`).map((value, i) => {
    const at = `${path}.references[${i}]`
    const reference = objectAt(value, at)
    return {
      traceId: idAt(reference['traceID'] ?? span['traceID'], 32, `${at}.traceID`),
      spanId: idAt(reference['spanID'], 16, `${at}.spanID`),
      childOf: textAt(reference['refType'], `${at}.refType`).toUpperCase() !== 'FOLLOWS_FROM',
    }
  })
  const old = span['parentSpanID']
  if (references.length > 0 || old === undefined || old === null || /^0*$/.test(String(old))) return references
  const traceId = idAt(span['traceID'], 32, `${path}.traceID`)
  return [{ traceId, spanId: idAt(old, 16, `${path}.parentSpanID`), childOf: true }]
}

function eventOf(log: Json, path: string): object {
  const fields = tagsOf(log['fields'], `${path}.fields`)
  return {
    timeUnixNano: String(microsAt(log['timestamp'], `${path}.timestamp`)),
    name: tagIn(fields)('event') ?? '',
    attributes: fields.filter(({ key }) => key !== 'event').map(({ key, value }) => ({ key, value })),
  }
}

/** As of Zipkin's: a tag `error` that is not `false` is an error. */
function statusOf(code: string | undefined, message: string | undefined, error: string | undefined): object {
  if (code === 'OK') return { code: 1 }
  if (code !== 'ERROR' && (error === undefined || error === 'false' || error === '')) return {}
  return { code: 2, message: message ?? '' }
}

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

const tagIn = (tags: readonly Tag[]) => (name: string) => tags.find(({ key }) => key === name)?.text

function tagsOf(value: unknown, path: string): Tag[] {
  return listAt(value, path).map((item, i) => {
    const at = `${path}[${i}]`
    const tag = objectAt(item, at)
    const said = tag['value'] ?? ''
    if (typeof said === 'object') throw new MalformedError(`${at}.value is not a string, a number or a boolean`)
    const text = String(said as string | number | boolean)
    return { key: textAt(tag['key'], `${at}.key`), value: valueOf(tag['type'], said, text), text }
  })
}

/** Whole numbers beyond 64 bits, and what is no number though its type says so, stay text. */
function valueOf(type: unknown, said: unknown, text: string): object {
  if (type === 'bool' || typeof said === 'boolean') return { boolValue: text === 'true' }
  const isWhole = /^-?\d{1,18}$/.test(text)
  if ((type === 'int64' || (type === undefined && typeof said === 'number')) && isWhole) return { intValue: text }
  if ((type === 'float64' || typeof said === 'number') && text !== '' && Number.isFinite(Number(text)))
    return { doubleValue: Number(text) }
  return { stringValue: text }
}
