import { Malformed, Reader, fieldsOf, merged, noFlaws, textOf, type Attribute, type Field } from './otlp-reader.ts'

/** What must become of an ExportTraceServiceRequest. */
export interface Expected {
  /** `either`: it is malformed where the spans are rejected anyway; nobody can tell which is seen first. */
  verdict: 'taken' | 'refused' | 'either'
  rows: Row[]
  /** Why spans are rejected, with how many each. */
  reasons: Record<string, number>
  /** Service, scope, stored, rejected of each ScopeSpans. */
  sources: [string, string, number, number][]
}

/** One span as it must be stored and read back. */
export interface Row {
  ids: string
  start: bigint
  duration: bigint
  kind: number
  status: number
  flags: number
  /** Raw bytes in hex, and the schema URL. */
  resource: string
  scope: string
  service: string
  name: string
  traceState: string
  statusMessage: string
  attributes: string[]
  rest: Rest
}

/** What columns do not have. */
export interface Rest {
  events: string
  links: string
  dropped: string
  /** Fields that OTLP does not know, in hex. */
  unknown: string
}

class Judge {
  readonly result: Expected = { verdict: 'taken', rows: [], reasons: {}, sources: [] }

  refuse(): void {
    this.result.verdict = 'refused'
  }
  doubt(): void {
    if (this.result.verdict === 'taken') this.result.verdict = 'either'
  }

  request(body: Buffer): void {
    for (const field of fieldsOf(body)) {
      if (field.number !== 1) continue
      expectBytes(field)
      this.resourceSpans(fieldsOf(field.content))
    }
  }

  /** The bytes of a Resource or InstrumentationScope; `why` when spans below it are rejected. */
  private shared(what: 'resource' | 'scope', fields: Field[]): { key: string; name: string; why: string } {
    for (const field of fields) if (field.number <= 3) expectBytes(field)
    const parts = fields.filter(({ number }) => number === 1).map(({ content }) => content)
    const raw = merged(parts)
    // Two halves that are a message only together are taken; nobody sends that.
    if (parts.length > 1 && parts.some((part) => !isMessage(part))) this.doubt()
    const schema = fields.findLast(({ number }) => number === 3)?.content ?? Buffer.alloc(0)
    const flaws = noFlaws()
    const name = what === 'resource' ? serviceOf(raw, flaws) : scopeOf(raw, flaws)
    if (flaws.malformed) {
      if (flaws.tooDeep) this.doubt()
      else this.refuse()
    }
    const why = flaws.tooDeep ? `${what}: attribute value is nested deeper than 32` : ''
    return { key: `${raw.toString('hex')} ${schema.toString('hex')}`, name: why === '' ? name : '', why }
  }

  private resourceSpans(fields: Field[]): void {
    const resource = this.shared('resource', fields)
    for (const part of fields) {
      if (part.number !== 2) continue
      const inner = fieldsOf(part.content)
      const scope = this.shared('scope', inner)
      const why = resource.why || scope.why
      const before = this.result.rows.length
      let rejected = 0
      for (const span of inner) {
        if (span.number !== 2) continue
        const { flaws, row, reason } = readSpan(fieldsOf(span.content))
        if (flaws.malformed) this.refuse()
        const rejectedFor = why || reason
        if (row.flaws.malformed) {
          if (rejectedFor) this.doubt()
          else this.refuse()
        }
        if (rejectedFor) {
          rejected++
          this.result.reasons[rejectedFor] = (this.result.reasons[rejectedFor] ?? 0) + 1
        } else this.result.rows.push({ ...row.row, resource: resource.key, scope: scope.key, service: resource.name })
      }
      const sourceScope = why === '' ? scope.name : ''
      const stored = this.result.rows.length - before
      if (stored + rejected > 0) this.result.sources.push([resource.name, sourceScope, stored, rejected])
    }
  }
}

function isMessage(bytes: Buffer): boolean {
  const reader = new Reader(noFlaws())
  reader.fields(bytes)
  return !reader.flaws.malformed
}

function expectBytes(field: Field): void {
  if (field.wire !== 2) throw new Malformed(`field ${field.number} is no message`)
}

export function serviceOf(raw: Buffer, flaws = noFlaws()): string {
  return textOfLast(attributesOf(raw, 1, flaws, { 2: 0 }), 'service.name')
}

function scopeOf(raw: Buffer, flaws = noFlaws()): string {
  attributesOf(raw, 3, flaws, { 1: 2, 2: 2, 4: 0 })
  return lastText(raw, 1)
}

/** The attributes in field `number` of a message whose other known fields have these wire types. */
export function attributesOf(
  raw: Buffer,
  number: number,
  flaws = noFlaws(),
  others: Record<number, number> = {},
): Attribute[] {
  const reader = new Reader(flaws)
  const found: Attribute[] = []
  for (const field of reader.fields(raw)) {
    if (field.number === number && reader.is(field, 2)) found.push(reader.attribute(field.content))
    else if (field.number in others) reader.is(field, others[field.number]!)
  }
  return found
}

export function lastText(raw: Buffer, number: number): string {
  const fields = new Reader(noFlaws()).fields(raw)
  return fields.findLast((field) => field.number === number)?.content.toString() ?? ''
}

const textOfLast = (attributes: readonly Attribute[], key: string): string => {
  const found = attributes.findLast(([name]) => name === key)
  return found ? textOf(found[1]) : ''
}

/** Equal for the same attributes in any order. */
export const sorted = (attributes: readonly Attribute[]): string[] =>
  attributes.map(([key, value]) => `${key}=${value.kind}:${textOf(value)}`).sort()

const spanWires = [-1, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5]

interface ReadSpan {
  /** In the framing: seen whatever becomes of the span. */
  flaws: { malformed: boolean }
  row: { row: Omit<Row, 'resource' | 'scope' | 'service'>; flaws: { malformed: boolean } }
  reason: string
}

function readSpan(fields: Field[]): ReadSpan {
  for (const { number, wire } of fields)
    if (number <= 16 && wire !== spanWires[number]) throw new Malformed(`field ${number} of a span`)
  const bytes = (number: number) => fields.findLast((field) => field.number === number)?.content ?? Buffer.alloc(0)
  const number = (n: number) => fields.findLast((field) => field.number === n)?.value ?? 0n
  const all = (n: number) => fields.filter((field) => field.number === n).map(({ content }) => content)

  const status = all(15).flatMap((message) => fieldsOf(message))
  for (const field of status)
    if ((field.number === 2 && field.wire !== 2) || (field.number === 3 && field.wire !== 0))
      throw new Malformed('status')

  // Events and links are looked at as they come; attributes when the span is to be stored.
  let deepParts = false
  let malformedParts = false
  let doubtfulParts = false
  const part = (message: Buffer, read: (message: Buffer, reader: Reader) => string): string => {
    const flaws = noFlaws()
    const text = read(message, new Reader(flaws))
    if (flaws.tooDeep) deepParts = true
    if (flaws.malformed) {
      if (flaws.tooDeep) doubtfulParts = true
      else malformedParts = true
    }
    return text
  }
  const events = all(11).map((message) => part(message, eventOf))
  const links = all(13).map((message) => part(message, linkOf))
  const attributeFlaws = noFlaws()
  const reader = new Reader(attributeFlaws)
  const attributes = all(9).map((message) => reader.attribute(message))

  const [traceId, spanId, parentId] = [bytes(1), bytes(2), bytes(4)]
  const [start, end] = [number(7), number(8)]
  const zero = (id: Buffer) => id.every((byte) => byte === 0)
  const reasons: [boolean, string][] = [
    [traceId.length !== 16, 'trace id is not 16 bytes'],
    [zero(traceId), 'trace id is all zero'],
    [spanId.length !== 8, 'span id is not 8 bytes'],
    [zero(spanId), 'span id is all zero'],
    [parentId.length !== 0 && parentId.length !== 8, 'parent span id is not 8 bytes'],
    [start === 0n, 'start time is missing'],
    [end === 0n, 'end time is missing'],
    [start >= 2n ** 63n || end >= 2n ** 63n, 'time is after the year 2262'],
    [deepParts || attributeFlaws.tooDeep, 'attribute value is nested deeper than 32'],
  ]
  const int32 = (value: bigint) => Number(BigInt.asIntN(32, value))
  const uint32 = (value: bigint) => Number(BigInt.asUintN(32, value))
  return {
    flaws: { malformed: malformedParts },
    reason: reasons.find(([holds]) => holds)?.[1] ?? '',
    row: {
      flaws: { malformed: attributeFlaws.malformed || doubtfulParts },
      row: {
        ids: `${traceId.toString('hex')} ${spanId.toString('hex')} ${parentId.toString('hex') || '0'.repeat(16)}`,
        start,
        duration: end - start,
        kind: int32(number(6)),
        status: int32(status.findLast((field) => field.number === 3)?.value ?? 0n),
        flags: Number(number(16)),
        name: bytes(5).toString(),
        traceState: bytes(3).toString(),
        statusMessage: (status.findLast((field) => field.number === 2)?.content ?? Buffer.alloc(0)).toString(),
        attributes: sorted(attributes),
        rest: {
          events: events.join('\n'),
          links: links.join('\n'),
          dropped: [10, 12, 14].map((n) => uint32(number(n))).join(' '),
          unknown: fields
            .filter((field) => field.number > 16)
            .map(({ raw }) => raw.toString('hex'))
            .join(' '),
        },
      },
    },
  }
}

function eventOf(message: Buffer, reader: Reader): string {
  let time = 0n
  let name = ''
  let dropped = 0n
  const attributes: Attribute[] = []
  for (const field of reader.fields(message)) {
    if (field.number === 1 && reader.is(field, 1)) time = field.value
    else if (field.number === 2 && reader.is(field, 2)) name = field.text
    else if (field.number === 3 && reader.is(field, 2)) attributes.push(reader.attribute(field.content))
    else if (field.number === 4 && reader.is(field, 0)) dropped = BigInt.asUintN(32, field.value)
  }
  return JSON.stringify([`${time}`, name, attributes, `${dropped}`])
}

function linkOf(message: Buffer, reader: Reader): string {
  const parts = ['', '', '', '0', '0']
  const attributes: Attribute[] = []
  for (const field of reader.fields(message)) {
    const { number, content, value } = field
    if (number === 1 && reader.is(field, 2)) parts[0] = content.toString('hex')
    else if (number === 2 && reader.is(field, 2)) parts[1] = content.toString('hex')
    else if (number === 3 && reader.is(field, 2)) parts[2] = field.text
    else if (number === 4 && reader.is(field, 2)) attributes.push(reader.attribute(content))
    else if (number === 5 && reader.is(field, 0)) parts[3] = `${BigInt.asUintN(32, value)}`
    else if (number === 6 && reader.is(field, 5)) parts[4] = `${value}`
  }
  return JSON.stringify([...parts, attributes])
}

/** What must become of the bytes of an ExportTraceServiceRequest, by the specifications. */
export function expectedOf(body: Buffer): Expected {
  const judge = new Judge()
  try {
    judge.request(body)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    judge.refuse()
  }
  return judge.result
}
