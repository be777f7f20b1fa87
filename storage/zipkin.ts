import { parsedJson } from './otlp-json.ts'
import { MalformedError } from './protobuf.ts'

/**
 * Zipkin v2 spans (zipkin-api: zipkin2-api.yaml, zipkin.proto3) as an OTLP ExportTraceServiceRequest, as the OpenTelemetry
 * specification maps the two: microseconds become nanoseconds, tags attributes, annotations events, the local service a resource.
 * A client and a server may share one span id; the analysis tells them apart by kind (`zipkin.shared` is kept as an attribute).
 */
export interface ZipkinSpan {
  /** 16 or 32 hex digits. */
  readonly traceId: string
  readonly parentId?: string | undefined
  readonly id: string
  readonly kind?: string | undefined
  readonly name?: string | undefined
  /** Unix µs; 0 for none. */
  readonly timestamp: bigint
  /** µs. */
  readonly duration: bigint
  readonly localEndpoint?: ZipkinEndpoint | undefined
  readonly remoteEndpoint?: ZipkinEndpoint | undefined
  readonly annotations: readonly { readonly timestamp: bigint; readonly value: string }[]
  readonly tags: readonly (readonly [key: string, value: string])[]
  readonly debug: boolean
  readonly shared: boolean
}

export interface ZipkinEndpoint {
  readonly serviceName?: string | undefined
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
  readonly port?: number | undefined
}

const kinds = new Map(Object.entries({ SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 }))
const internalKind = 1

/** @param text a JSON list of spans. @throws MalformedError naming the field. */
export const zipkinOfJson = (text: string): ZipkinSpan[] => zipkinOf(parsedJson(text))

/** The same of what was parsed already. */
export function zipkinOf(list: unknown): ZipkinSpan[] {
  if (!Array.isArray(list)) throw new MalformedError('the request is not a list of spans')
  return list.map((span, i) => spanOf(objectAt(span, `[${i}]`), `[${i}]`))
}

type Json = Readonly<Record<string, unknown>>

function objectAt(value: unknown, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedError(`${path} is not an object`)
  return value as Json
}

function spanOf(span: Json, path: string): ZipkinSpan {
  const text = (name: string) => optional(span[name], 'string', `${path}.${name}`) as string | undefined
  const required = (name: string) => {
    const value = text(name)
    if (value === undefined) throw new MalformedError(`${path}.${name} is missing`)
    return value
  }
  const endpoint = (name: string) =>
    span[name] === undefined || span[name] === null ? undefined : endpointOf(span[name], `${path}.${name}`)
  return {
    traceId: required('traceId'),
    parentId: text('parentId'),
    id: required('id'),
    kind: text('kind'),
    name: text('name'),
    timestamp: micros(span['timestamp'], `${path}.timestamp`),
    duration: micros(span['duration'], `${path}.duration`),
    localEndpoint: endpoint('localEndpoint'),
    remoteEndpoint: endpoint('remoteEndpoint'),
    annotations: listAt(span['annotations'], `${path}.annotations`).map((item, i) => {
      const at = `${path}.annotations[${i}]`
      const { timestamp, value } = objectAt(item, at)
      return { timestamp: micros(timestamp, `${at}.timestamp`), value: String(optional(value, 'string', at) ?? '') }
    }),
    tags: Object.entries(objectAt(span['tags'] ?? {}, `${path}.tags`)).map(([key, value]) => {
      // Some reporters send numbers and booleans, which a Zipkin server takes as their text.
      if (typeof value === 'object' && value !== null) throw new MalformedError(`${path}.tags.${key} is not a string`)
      return [key, String(value)]
    }),
    debug: span['debug'] === true,
    shared: span['shared'] === true,
  }
}

function endpointOf(value: unknown, path: string): ZipkinEndpoint {
  const endpoint = objectAt(value, path)
  return {
    serviceName: optional(endpoint['serviceName'], 'string', `${path}.serviceName`) as string | undefined,
    ipv4: optional(endpoint['ipv4'], 'string', `${path}.ipv4`) as string | undefined,
    ipv6: optional(endpoint['ipv6'], 'string', `${path}.ipv6`) as string | undefined,
    port: optional(endpoint['port'], 'number', `${path}.port`) as number | undefined,
  }
}

function optional(value: unknown, type: 'string' | 'number', path: string): unknown {
  if (value === undefined || value === null) return undefined
  if (typeof value !== type) throw new MalformedError(`${path} is not a ${type}`)
  return value
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new MalformedError(`${path} is not a list`)
  return value
}

/** Unix µs fit a double until the year 2255. */
function micros(value: unknown, path: string): bigint {
  if (value === undefined || value === null) return 0n
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(Math.round(number)) || number < 0)
    throw new MalformedError(`${path} is not a number of microseconds`)
  return BigInt(Math.round(number))
}

/** The request as OTLP/JSON has it, for `protobufOf`. @throws MalformedError for a span without an id or a time. */
export function otlpOfZipkin(spans: readonly ZipkinSpan[]): object {
  const byService = new Map<string, Map<string, { scope: object; spans: object[] }>>()
  spans.forEach((span, i) => {
    const service = span.localEndpoint?.serviceName ?? ''
    const tag = (name: string) => span.tags.find(([key]) => key === name)?.[1]
    const name = tag('otel.scope.name') ?? tag('otel.library.name') ?? ''
    const version = tag('otel.scope.version') ?? tag('otel.library.version') ?? ''
    let scopes = byService.get(service)
    if (!scopes) byService.set(service, (scopes = new Map()))
    const key = `${name}\0${version}`
    let scope = scopes.get(key)
    if (!scope) scopes.set(key, (scope = { scope: { name, version }, spans: [] }))
    scope.spans.push(otlpSpan(span, `[${i}]`))
  })
  return {
    resourceSpans: [...byService].map(([service, scopes]) => ({
      resource: service === '' ? {} : { attributes: [attribute('service.name', service)] },
      scopeSpans: [...scopes.values()],
    })),
  }
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const flag = (key: string) => ({ key, value: { boolValue: true } })

/** These say of a span what OTLP has a field for. */
const ownTags = new Set([
  ...['otel.scope.name', 'otel.scope.version', 'otel.library.name', 'otel.library.version'],
  ...['otel.status_code', 'otel.status_description', 'w3c.tracestate'],
])

function otlpSpan(span: ZipkinSpan, path: string): object {
  const { tags, annotations, localEndpoint, remoteEndpoint } = span
  const tag = (name: string) => tags.find(([key]) => key === name)?.[1]
  const start =
    span.timestamp ||
    annotations.reduce(
      (least, { timestamp }) => least && (timestamp < least ? timestamp : least),
      annotations[0]?.timestamp ?? 0n,
    )
  if (start === 0n) throw new MalformedError(`${path} has no timestamp`)
  return {
    traceId: idOf(span.traceId, [16, 32], `${path}.traceId`).padStart(32, '0'),
    spanId: idOf(span.id, [16], `${path}.id`),
    ...(span.parentId && { parentSpanId: idOf(span.parentId, [16], `${path}.parentId`) }),
    flags: 1,
    traceState: tag('w3c.tracestate') ?? '',
    name: span.name ?? '',
    kind: kinds.get(span.kind ?? '') ?? internalKind,
    startTimeUnixNano: String(start * 1000n),
    endTimeUnixNano: String((start + span.duration) * 1000n),
    attributes: [
      ...tags.filter(([key]) => !ownTags.has(key)).map(([key, value]) => attribute(key, value)),
      ...addressOf(localEndpoint, 'net.host'),
      ...addressOf(remoteEndpoint, 'net.peer'),
      ...(remoteEndpoint?.serviceName ? [attribute('peer.service', remoteEndpoint.serviceName)] : []),
      ...(span.shared ? [flag('zipkin.shared')] : []),
      ...(span.debug ? [flag('zipkin.debug')] : []),
    ],
    events: annotations.map(({ timestamp, value }) => ({ timeUnixNano: String(timestamp * 1000n), name: value })),
    status: statusOf(tag('otel.status_code'), tag('otel.status_description'), tag('error')),
  }
}

function addressOf(endpoint: ZipkinEndpoint | undefined, prefix: string): object[] {
  const ip = endpoint?.ipv4 ?? endpoint?.ipv6
  return [
    ...(ip ? [attribute(`${prefix}.ip`, ip)] : []),
    ...(endpoint?.port ? [{ key: `${prefix}.port`, value: { intValue: String(Math.trunc(endpoint.port)) } }] : []),
  ]
}

/** A tag `error`, whatever it says, is an error; its text is what went wrong unless it is no more than `true`. */
function statusOf(code: string | undefined, description: string | undefined, error: string | undefined): object {
  if (code === 'OK') return { code: 1 }
  if (code !== 'ERROR' && (error === undefined || error === 'false')) return {}
  const message = description ?? (error === undefined || error === 'true' ? '' : error)
  return { code: 2, message }
}

function idOf(id: string, lengths: readonly number[], path: string): string {
  if (!/^[0-9a-f]+$/i.test(id) || id.length > lengths.at(-1)!)
    throw new MalformedError(`${path} is not an id of ${lengths.join(' or ')} hex digits`)
  // A reporter may leave leading zeros out.
  return id.padStart(
    lengths.find((length) => id.length <= length)!,
    '0',
  )
}
