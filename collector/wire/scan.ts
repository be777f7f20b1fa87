import { ByteBuffer } from '../../storage/bytes.ts'
import { joined, TooDeepError } from '../../storage/otlp-decode.ts'
import { FieldCursor, MalformedError, viewOf } from '../../storage/protobuf.ts'
import { messageCount, messages, wellNested } from './check.ts'
import type { Interner } from './interner.ts'
import { SpanAttributes } from './span-attributes.ts'
import type { FastSpans, Shared } from './fast-spans.ts'
import type { SpanBlock } from './span-block.ts'
import type { SpanColumns } from './span-columns.ts'

/**
 * From the bytes of an ExportTraceServiceRequest to columns, without an object per span: decoding to objects costs
 * fifteen times as much (storage.md decision 1). Field numbers are those of opentelemetry/proto/trace/v1/trace.proto.
 */
export interface ScanResult {
  stored: number
  rejected: number
  /** Why spans were rejected, with how many each. */
  reasons: Map<string, number>
  /** What came from whom, for the ledger. */
  sources: SourceCount[]
  /** Smallest and largest start of the stored spans, Unix ns; meaningless when none was stored. */
  firstStart: bigint
  lastStart: bigint
}

export interface SourceCount {
  service: string
  scope: string
  stored: number
  rejected: number
}

const noBytes: Uint8Array = Buffer.alloc(0)
const nothing: Shared = { low: 0, high: 0, name: '' }

export class Scanner {
  private readonly interner: Interner
  private readonly attributes: SpanAttributes
  private spans!: SpanBlock
  private fast!: FastSpans
  private bytes: Uint8Array = noBytes
  private view = viewOf(noBytes)
  private result!: ScanResult
  private readonly requestFields = new FieldCursor(noBytes)
  private readonly resourceFields = new FieldCursor(noBytes)
  private readonly scopeFields = new FieldCursor(noBytes)
  private readonly spanFields = new FieldCursor(noBytes)
  private readonly statusFields = new FieldCursor(noBytes)

  // What the spans of the current ResourceSpans and ScopeSpans share.
  private resource = nothing
  private scope = nothing
  /** Of the resource's service in the columns; -1: not looked up. */
  private serviceIndex = -1
  /** Why no span of this resource or scope can be stored, or ''. */
  private refused = ''

  /** The partial Span that keeps what the columns of the current span cannot. */
  private readonly ext = new ByteBuffer()
  private firstHigh = 0
  private firstLow = 0
  private lastHigh = 0
  private lastLow = 0

  constructor(interner: Interner) {
    this.interner = interner
    this.attributes = new SpanAttributes(interner)
  }

  /**
   * Appends the spans of a request. Spans that OTLP forbids (ids, times) or that are nested too deep are left out and
   * counted; everything else is kept. The caller has called `interner.begin`; when this throws it takes back the rows
   * of `spans` and of the interner.
   * @throws MalformedError when the bytes are not the message.
   */
  scan(bytes: Uint8Array, { slow, fast }: SpanColumns): ScanResult {
    const view = viewOf(bytes)
    this.spans = slow
    this.fast = fast
    fast.begin(bytes, this.interner, this.interner.time)
    this.bytes = bytes
    this.view = view
    this.result = { stored: 0, rejected: 0, reasons: new Map(), sources: [], firstStart: 0n, lastStart: 0n }
    this.firstHigh = 0xffffffff
    this.firstLow = 0xffffffff
    this.lastHigh = 0
    this.lastLow = 0
    this.attributes.beginRequest(bytes, view)
    messageCount.begin()
    const f = this.requestFields
    f.reset(bytes, view, 0, bytes.length)
    while (f.next()) {
      if (f.tag === 0x0a) this.resourceSpans(f.from, f.to)
      else if (f.field === 1) throw wrongWireType(f, 'ExportTraceServiceRequest')
    }
    const firstStart = (BigInt(this.firstHigh) << 32n) | BigInt(this.firstLow)
    const lastStart = (BigInt(this.lastHigh) << 32n) | BigInt(this.lastLow)
    this.result.firstStart = fast.firstStart < firstStart ? fast.firstStart : firstStart
    this.result.lastStart = fast.lastStart > lastStart ? fast.lastStart : lastStart
    return this.result
  }

  private resourceSpans(begin: number, end: number): void {
    messageCount.add()
    this.refused = ''
    const { fast, resourceFields: f } = this
    this.resource = this.sharedOf('resource', f, begin, end).shared
    this.serviceIndex = -1
    fast.resource(this.resource)
    f.reset(this.bytes, this.view, begin, end)
    while (f.next()) if (f.tag === 0x12) this.scopeSpans(f.from, f.to)
  }

  private scopeSpans(begin: number, end: number): void {
    messageCount.add()
    const { bytes, view, result, resource, scopeFields: f } = this
    const refusedByResource = this.refused
    const { shared: scope, usual } = this.sharedOf('scope', f, begin, end)
    this.scope = scope
    const { stored, rejected } = result
    if (usual && this.refused === '') this.usualSpans(begin, end)
    else {
      f.reset(bytes, view, begin, end)
      while (f.next()) if (f.tag === 0x12) this.span(f.from, f.to, false)
    }
    this.refused = refusedByResource
    const counts = { stored: result.stored - stored, rejected: result.rejected - rejected }
    if (counts.stored + counts.rejected > 0)
      result.sources.push({ service: resource.name, scope: scope.name, ...counts })
  }

  /**
   * The Resource or scope of a ResourceSpans or ScopeSpans, interned. Fields may come in any order, so it and its schema are looked for
   * before any span is read. Sets `refused` when it is nested too deep.
   * @returns usual: nothing is there but it, its schema and spans, none cut off.
   */
  private sharedOf(
    kind: 'resource' | 'scope',
    f: FieldCursor,
    begin: number,
    end: number,
  ): { shared: Shared; usual: boolean } {
    const { bytes, view, fast, interner } = this
    const known = this.refused === '' ? fast.shared(begin, end, kind === 'resource' ? 1 : 2) : undefined
    const usual = known !== undefined
    if (usual && fast.firstFrom > 0) messageCount.add()
    if (usual && known !== 'usual' && interner.has(kind, known.low, known.high)) return { shared: known, usual }
    const parts: Uint8Array[] = []
    let schemaUrl = noBytes
    if (usual) {
      if (fast.firstFrom > 0) parts.push(bytes.subarray(fast.firstFrom, fast.firstTo))
      if (fast.schemaFrom > 0) schemaUrl = bytes.subarray(fast.schemaFrom, fast.schemaTo)
    } else {
      f.reset(bytes, view, begin, end)
      while (f.next()) {
        if (f.tag === 0x0a) messagePart(parts, f)
        else if (f.tag === 0x1a) schemaUrl = f.content()
        else if (f.field <= 3 && f.tag !== 0x12)
          throw wrongWireType(f, kind === 'resource' ? 'ResourceSpans' : 'ScopeSpans')
      }
    }
    const raw = joined(parts)
    try {
      interner[kind](raw, schemaUrl)
    } catch (error) {
      if (!(error instanceof TooDeepError)) throw error
      this.refused ||= `${kind}: ${error.message}`
    }
    const { low, high } = interner.hash
    const name = this.refused !== '' ? '' : kind === 'resource' ? interner.serviceName(raw) : interner.scopeName(raw)
    const shared = { low, high, name }
    return { shared: known === 'usual' && this.refused === '' ? fast.remember(shared) : shared, usual }
  }

  /** The spans of a ScopeSpans, as far as they can be told by comparing them; the others one by one. */
  private usualSpans(begin: number, end: number): void {
    const { fast, interner, result } = this
    fast.scope(this.scope)
    for (let at = begin, outcome = ''; outcome !== 'finished'; at = fast.next) {
      const before = fast.rows
      outcome = fast.spans(at, end, interner.epoch)
      const stored = fast.rows - before
      messageCount.add(fast.messages)
      interner.lookups.attrset.hits += stored
      result.stored += stored
      if (outcome !== 'finished') this.span(fast.spanFrom, fast.spanTo, outcome === 'unknown')
    }
  }

  private reject(reason: string): void {
    this.result.rejected++
    this.result.reasons.set(reason, (this.result.reasons.get(reason) ?? 0) + 1)
  }

  /** @param learn whether the next span like it is to be told by comparing it. */
  private span(begin: number, end: number, learn: boolean): void {
    messageCount.add()
    const { bytes, view, spans, attributes, ext, spanFields: f } = this
    let traceId = 0
    let traceIdSize = 0
    let spanId = 0
    let spanIdSize = 0
    let parentId = 0
    let parentIdSize = 0
    let nameFrom = 0
    let nameTo = 0
    let traceStateFrom = 0
    let traceStateTo = 0
    let messageFrom = 0
    let messageTo = 0
    let kind = 0
    let status = 0
    let flags = 0
    let startLow = 0
    let startHigh = 0
    let endLow = 0
    let endHigh = 0
    let tooDeep = false
    // What of the span is in `ext` already, so that a later value of it must be, too: kind 1, status 2, counts their field's bit.
    let inExt = 0
    /** Where the attributes are, when they follow each other; -1 when they do not. */
    let attributesFrom = 0
    let attributesTo = 0
    ext.length = 0
    attributes.begin()

    // Encoders write fields in the order of their numbers: what comes in that order needs no cursor.
    let at = begin
    if (at + 18 <= end && view.getUint16(at) === 0x0a10) {
      traceId = at + 2
      traceIdSize = 16
      at += 18
    }
    if (at + 10 <= end && view.getUint16(at) === 0x1208) {
      spanId = at + 2
      spanIdSize = 8
      at += 10
    }
    if (at + 10 <= end && view.getUint16(at) === 0x2208) {
      parentId = at + 2
      parentIdSize = 8
      at += 10
    }
    if (at + 2 <= end && bytes[at] === 0x2a && bytes[at + 1]! < 0x80 && bytes[at + 1]! <= end - at - 2) {
      nameFrom = at + 2
      at = nameTo = nameFrom + bytes[at + 1]!
    }
    if (at + 2 <= end && bytes[at] === 0x30 && bytes[at + 1]! <= 5) {
      kind = bytes[at + 1]!
      at += 2
    }
    if (at + 9 <= end && bytes[at] === 0x39) {
      startLow = view.getUint32(at + 1, true)
      startHigh = view.getUint32(at + 5, true)
      at += 9
    }
    if (at + 9 <= end && bytes[at] === 0x41) {
      endLow = view.getUint32(at + 1, true)
      endHigh = view.getUint32(at + 5, true)
      at += 9
    }
    f.reset(bytes, view, at, end)
    while (f.next()) {
      switch (f.tag) {
        case 0x0a:
          traceId = f.from
          traceIdSize = f.to - f.from
          break
        case 0x12:
          spanId = f.from
          spanIdSize = f.to - f.from
          break
        case 0x1a:
          traceStateFrom = f.from
          traceStateTo = f.to
          break
        case 0x22:
          parentId = f.from
          parentIdSize = f.to - f.from
          break
        case 0x2a:
          nameFrom = f.from
          nameTo = f.to
          break
        case 0x30:
          // An int32: what is above its 32 bits does not count.
          kind = f.low <= 5 ? f.low : 0
          inExt |= kind === f.low ? 0 : 1
          if (inExt & 1) ext.copy(bytes, f.tagAt, f.fieldEnd)
          break
        case 0x39:
          startLow = view.getUint32(f.from, true)
          startHigh = view.getUint32(f.from + 4, true)
          break
        case 0x41:
          endLow = view.getUint32(f.from, true)
          endHigh = view.getUint32(f.from + 4, true)
          break
        case 0x4a:
          attributes.add(f.from, f.to)
          if (attributesTo === 0) attributesFrom = f.tagAt
          else if (attributesTo !== f.tagAt) attributesFrom = -1
          attributesTo = f.to
          break
        case 0x50:
        case 0x60:
        case 0x70:
          inExt |= f.low === 0 ? 0 : 1 << f.field
          if (inExt & (1 << f.field)) ext.copy(bytes, f.tagAt, f.fieldEnd)
          break
        case 0x5a:
        case 0x6a:
          tooDeep = !wellNested(bytes, f.from, f.to, f.tag === 0x5a ? messages.event : messages.link) || tooDeep
          ext.copy(bytes, f.tagAt, f.fieldEnd)
          break
        case 0x7a: {
          messageCount.add()
          const s = this.statusFields
          s.reset(bytes, view, f.from, f.to)
          while (s.next()) {
            if (s.tag === 0x12) {
              messageFrom = s.from
              messageTo = s.to
            } else if (s.tag === 0x18) {
              status = s.low <= 2 ? s.low : 0
              inExt |= status === s.low ? 0 : 2
            } else if (s.field === 2 || s.field === 3) throw wrongWireType(s, 'Status')
            else inExt |= 2
          }
          if (inExt & 2) ext.copy(bytes, f.tagAt, f.fieldEnd)
          break
        }
        case 0x85:
          flags = f.fixed32()
          break
        default:
          if (f.field <= 16) throw wrongWireType(f, 'Span')
          ext.copy(bytes, f.tagAt, f.fieldEnd)
      }
    }

    if (this.refused !== '') return this.reject(this.refused)
    if (traceIdSize !== 16) return this.reject('trace id is not 16 bytes')
    if (isZero(view, traceId, 16)) return this.reject('trace id is all zero')
    if (spanIdSize !== 8) return this.reject('span id is not 8 bytes')
    if (isZero(view, spanId, 8)) return this.reject('span id is all zero')
    if (parentIdSize !== 0 && parentIdSize !== 8) return this.reject('parent span id is not 8 bytes')
    if ((startLow | startHigh) === 0) return this.reject('start time is missing')
    if ((endLow | endHigh) === 0) return this.reject('end time is missing')
    // DateTime64(9) counts ns in a signed 64-bit integer: until the year 2262.
    if (startHigh > 0x7fffffff || endHigh > 0x7fffffff) return this.reject('time is after the year 2262')
    const nameIndex = spans.name.indexOf(view, nameFrom, nameTo)
    if (tooDeep || !attributes.finish(spans, ext)) return this.reject(new TooDeepError().message)
    const lesson = learn && attributesFrom > 0 && attributes.lesson(nameFrom, nameTo, attributesFrom, attributesTo)
    if (lesson) this.fast.learn(lesson)
    if (this.serviceIndex < 0) this.serviceIndex = spans.service.indexOfText(this.resource.name)
    spans.traceId.pushRange(view, traceId)
    spans.spanId.pushRange(view, spanId)
    if (parentIdSize === 8) spans.parentId.pushRange(view, parentId)
    else spans.parentId.pushZero()
    spans.start.data.u64(startLow, startHigh)
    spans.duration.data.u64((endLow - startLow) >>> 0, (endHigh - startHigh - (endLow < startLow ? 1 : 0)) >>> 0)
    spans.kind.data.u8(kind)
    spans.status.data.u8(status)
    spans.flags.data.u32(flags)
    spans.resource.data.u64(this.resource.low, this.resource.high)
    spans.scope.data.u64(this.scope.low, this.scope.high)
    spans.service.pushIndex(this.serviceIndex)
    spans.name.pushIndex(nameIndex)
    spans.traceState.pushRange(view, traceStateFrom, traceStateTo)
    spans.statusMessage.pushRange(view, messageFrom, messageTo)
    spans.ext.pushRange(ext.view, 0, ext.length)
    this.result.stored++
    if (startHigh < this.firstHigh || (startHigh === this.firstHigh && startLow < this.firstLow)) {
      this.firstHigh = startHigh
      this.firstLow = startLow
    }
    if (startHigh > this.lastHigh || (startHigh === this.lastHigh && startLow > this.lastLow)) {
      this.lastHigh = startHigh
      this.lastLow = startLow
    }
  }
}

const isZero = (view: DataView, begin: number, size: 8 | 16): boolean =>
  (view.getUint32(begin, true) | view.getUint32(begin + 4, true)) === 0 &&
  (size === 8 || (view.getUint32(begin + 8, true) | view.getUint32(begin + 12, true)) === 0)

const wrongWireType = (f: FieldCursor, message: string): MalformedError =>
  new MalformedError(`field ${f.field} of ${message} has wire type ${f.wire}`)

function messagePart(parts: Uint8Array[], f: FieldCursor): void {
  messageCount.add()
  parts.push(f.content())
}
