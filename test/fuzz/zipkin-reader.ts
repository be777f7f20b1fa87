import { isLong, NotTaken, NumberText, readJson, type Json } from './json-reader.ts'
import { fieldsOf, Malformed, type Field } from './otlp-reader.ts'

/** Zipkin v2 as its specification and that of OpenTelemetry read, to OTLP/JSON: what the collector's reader is held against. */
export interface Span {
  traceId: string
  id: string
  parentId: string
  kind: string
  name: string
  timestamp: bigint
  duration: bigint
  local: Endpoint
  remote: Endpoint
  annotations: { timestamp: bigint; value: string }[]
  tags: [string, string][]
  debug: boolean
  shared: boolean
}
interface Endpoint {
  name: string
  ip: string
  port: string
}
const nowhere: Endpoint = { name: '', ip: '', port: '' }

const refuse = (): never => {
  throw new NotTaken('not of this type')
}

const absent = (value: Json | undefined): value is null | undefined => value === undefined || value === null
const text = (value: Json | undefined): string =>
  absent(value) ? '' : typeof value === 'string' ? value : isLong(value) ? value.text : refuse()
const fields = (value: Json): Map<string, Json> => (value instanceof Map ? value : refuse())

function micros(value: Json | undefined): bigint {
  if (absent(value)) return 0n
  const written = value instanceof NumberText ? value.text : text(value)
  const number = Math.round(Number(written === '' ? 'none' : written))
  return Number.isSafeInteger(number) && number >= 0 && Number(written) >= 0 ? BigInt(number) : refuse()
}

function endpointOf(value: Json | undefined): Endpoint {
  if (absent(value)) return nowhere
  const of = fields(value)
  const port = of.get('port')
  if (!absent(port) && (!(port instanceof NumberText) || isLong(port))) refuse()
  const number = absent(port) ? 0 : Number((port as NumberText).text)
  return {
    name: text(of.get('serviceName')),
    ip: absent(of.get('ipv4')) ? text(of.get('ipv6')) : (text(of.get('ipv6')), text(of.get('ipv4'))),
    port: number === 0 ? '' : String(Math.trunc(number)),
  }
}

const list = (value: Json | undefined): Json[] => (absent(value) ? [] : Array.isArray(value) ? value : refuse())

/** @throws NotTaken */
export function spansOfJson(body: string): Span[] {
  return list(readJson(body) ?? refuse()).map((item) => {
    const span = fields(item)
    for (const name of ['traceId', 'id']) if (absent(span.get(name))) refuse()
    return {
      ...{ traceId: text(span.get('traceId')), id: text(span.get('id')), parentId: text(span.get('parentId')) },
      ...{ kind: text(span.get('kind')), name: text(span.get('name')) },
      ...{ timestamp: micros(span.get('timestamp')), duration: micros(span.get('duration')) },
      ...{ local: endpointOf(span.get('localEndpoint')), remote: endpointOf(span.get('remoteEndpoint')) },
      annotations: list(span.get('annotations')).map((one) => ({
        timestamp: micros(fields(one).get('timestamp')),
        value: text(fields(one).get('value')),
      })),
      tags: [...(absent(span.get('tags')) ? [] : fields(span.get('tags')!))].map(([key, value]) => [
        key,
        tagText(value),
      ]),
      ...{ debug: span.get('debug') === true, shared: span.get('shared') === true },
    }
  })
}

function tagText(value: Json): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return String(value)
  if (!(value instanceof NumberText)) return refuse()
  const { text: written } = value
  return isLong(value) ? written : String(Number(written))
}

const wires: Record<string, number[]> = {
  span: [-1, 2, 2, 2, 0, 2, 1, 0, 2, 2, 2, 2, 0, 0],
  endpoint: [-1, 2, 2, 2, 0],
  annotation: [-1, 1, 2],
  tag: [-1, 2, 2],
}

class Message {
  private readonly fields: Field[]
  constructor(parts: readonly Buffer[], type: string) {
    this.fields = parts.flatMap((part) => fieldsOf(part))
    for (const { number, wire } of this.fields)
      if (number < wires[type]!.length && wires[type]![number] !== wire) throw new Malformed(`field ${number}`)
  }
  all(number: number): Buffer[] {
    return this.fields.filter((field) => field.number === number).map(({ content }) => content)
  }
  bytes(number: number): Buffer {
    return this.all(number).at(-1) ?? Buffer.alloc(0)
  }
  text(number: number): string {
    return this.bytes(number).toString()
  }
  number(number: number): bigint {
    return this.fields.findLast((field) => field.number === number)?.value ?? 0n
  }
}

function endpointOfProtobuf(parts: readonly Buffer[]): Endpoint {
  const message = new Message(parts, 'endpoint')
  const [four, six] = [message.bytes(2), message.bytes(3)]
  const groups = six.length === 16 ? [...six.toString('hex').matchAll(/..../g)].map(([hex]) => parseInt(hex, 16)) : []
  const port = BigInt.asIntN(32, message.number(4))
  return {
    name: message.text(1),
    ip: four.length === 4 ? four.join('.') : groups.map((group) => group.toString(16)).join(':'),
    port: port === 0n ? '' : String(port),
  }
}

/** @throws Malformed */
export function spansOfProtobuf(body: Buffer): Span[] {
  return fieldsOf(body)
    .filter(({ number, wire }) => {
      if (number === 1 && wire !== 2) throw new Malformed('no span')
      return number === 1
    })
    .map(({ content }) => {
      const span = new Message([content], 'span')
      const kind = ['', 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'][Number(span.number(4))] ?? ''
      return {
        ...{ traceId: span.bytes(1).toString('hex'), parentId: span.bytes(2).toString('hex') },
        ...{ id: span.bytes(3).toString('hex'), kind, name: span.text(5) },
        ...{ timestamp: span.number(6), duration: span.number(7) },
        ...{ local: endpointOfProtobuf(span.all(8)), remote: endpointOfProtobuf(span.all(9)) },
        annotations: span.all(10).map((part) => {
          const annotation = new Message([part], 'annotation')
          return { timestamp: annotation.number(1), value: annotation.text(2) }
        }),
        tags: span.all(11).map((part): [string, string] => {
          const tag = new Message([part], 'tag')
          return [tag.text(1), tag.text(2)]
        }),
        ...{ debug: span.number(12) !== 0n, shared: span.number(13) !== 0n },
      }
    })
}

const id = (digits: string, sizes: number[]): string => {
  const size = sizes.find((most) => digits.length <= most)
  return /^[0-9a-fA-F]+$/.test(digits) && size ? digits.padStart(size, '0') : refuse()
}
const attribute = (key: string, value: object) => ({ key, value })
const textAttribute = (key: string, stringValue: string) => (stringValue ? [attribute(key, { stringValue })] : [])
const own = /^(?:otel\.(?:scope|library)\.(?:name|version)|otel\.status_(?:code|description)|w3c\.tracestate)$/

/** As the OpenTelemetry specification maps Zipkin's spans; a service is a resource, in the order in which they come. */
export function otlpJsonOf(spans: readonly Span[]): string {
  const resources = new Map<string, Map<string, { scope: object; spans: object[] }>>()
  for (const span of spans) {
    const tag = (...names: string[]) =>
      names.map((name) => span.tags.find(([key]) => key === name)?.[1]).find((value) => value !== undefined)
    const name = tag('otel.scope.name', 'otel.library.name') ?? ''
    const version = tag('otel.scope.version', 'otel.library.version') ?? ''
    const scopes = resources.get(span.local.name) ?? new Map<string, { scope: object; spans: object[] }>()
    resources.set(span.local.name, scopes)
    const scope = scopes.get(`${name}\0${version}`) ?? { scope: { name, version }, spans: [] }
    scopes.set(`${name}\0${version}`, scope)
    scope.spans.push(otlpSpan(span, tag))
  }
  return JSON.stringify({
    resourceSpans: [...resources].map(([service, scopes]) => ({
      resource: { attributes: textAttribute('service.name', service) },
      scopeSpans: [...scopes.values()],
    })),
  })
}

function otlpSpan(span: Span, tag: (name: string) => string | undefined): object {
  const { timestamp, annotations, local, remote } = span
  const times = annotations.map((one) => one.timestamp)
  const start = timestamp || times.reduce((least, time) => (time < least ? time : least), times[0] ?? 0n)
  if (start === 0n) refuse()
  const kinds = ['SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
  const port = (key: string, { port }: Endpoint) => (port ? [attribute(key, { intValue: port })] : [])
  const [code, error] = [tag('otel.status_code'), tag('error')]
  const failed = code !== 'OK' && (code === 'ERROR' || (error !== undefined && error !== 'false'))
  const reason = tag('otel.status_description') ?? (error === 'true' ? '' : (error ?? ''))
  return {
    traceId: id(span.traceId, [16, 32]).padStart(32, '0'),
    spanId: id(span.id, [16]),
    ...(span.parentId && { parentSpanId: id(span.parentId, [16]) }),
    ...{ flags: 1, traceState: tag('w3c.tracestate') ?? '', name: span.name },
    kind: kinds.includes(span.kind) ? kinds.indexOf(span.kind) + 2 : 1,
    startTimeUnixNano: String(start * 1000n),
    endTimeUnixNano: String((start + span.duration) * 1000n),
    attributes: [
      ...span.tags.filter(([key]) => !own.test(key)).map(([key, stringValue]) => attribute(key, { stringValue })),
      ...textAttribute('net.host.ip', local.ip),
      ...port('net.host.port', local),
      ...textAttribute('net.peer.ip', remote.ip),
      ...port('net.peer.port', remote),
      ...textAttribute('peer.service', remote.name),
      ...(span.shared ? [attribute('zipkin.shared', { boolValue: true })] : []),
      ...(span.debug ? [attribute('zipkin.debug', { boolValue: true })] : []),
    ],
    events: annotations.map((one) => ({ timeUnixNano: String(one.timestamp * 1000n), name: one.value })),
    status: code === 'OK' ? { code: 1 } : failed ? { code: 2, message: reason } : {},
  }
}
