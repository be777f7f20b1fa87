import { Flag } from '../../analysis/flags.ts'
import type { Tax, TraceAnalysis } from '../../analysis/types.ts'
import {
  FactTable,
  halvesOf,
  int64,
  pushId64,
  pushId8,
  pushInstant,
  pushNullable,
  pushPlace,
  uint16,
  type NullableNs,
  type RowContext,
} from './table.ts'

/** What is known of a trace without its analysis. */
export interface TraceExtent {
  readonly traceId: string
  /** Unix ns. */
  readonly firstStart: bigint
  readonly lastStart: bigint
  readonly spans: number
  readonly service: string
}

/** `analysis_version` of a trace that the analysis failed on: only where it lies is known. */
export const failedAnalysis = 0

export class TraceFacts extends FactTable {
  private readonly start = this.fixed('start', 'DateTime64(9)')
  private readonly duration = this.nullable('duration')
  private readonly spanRows = this.fixed('span_rows', 'UInt32')
  private readonly spanCount = this.fixed('span_count', 'UInt32')
  private readonly hopCount = this.fixed('hop_count', 'UInt16')
  private readonly proxyCount = this.fixed('proxy_count', 'UInt16')
  private readonly firstStart = this.fixed('first_start', 'DateTime64(9)')
  private readonly lastStart = this.fixed('last_start', 'DateTime64(9)')
  private readonly where = this.place()
  private readonly rootService = this.word('root_service')
  private readonly rootName = this.word('root_name')
  private readonly route = this.word('route')
  private readonly services = this.words('services')
  private readonly error = this.fixed('error', 'UInt8')
  private readonly flags = this.fixed('flags', 'UInt32')
  private readonly shapeId = this.fixed('shape_id', 'UInt64')
  private readonly weight = this.fixed('weight', 'Float64')
  private readonly mesh = this.tax('mesh')
  private readonly gateway = this.tax('gateway')
  private readonly segmentOwner = this.ids('segments.owner')
  private readonly segmentClass = this.words('segments.class')
  private readonly segmentLeg = this.words('segments.leg')
  private readonly segmentOffset = this.integers('segments.offset', 'Int64')
  private readonly segmentNs = this.integers('segments.ns', 'Int64')

  private tax(name: string): TaxColumns {
    return {
      lower: this.nullable(`${name}_lower`),
      upper: this.nullable(`${name}_upper`),
      estimate: this.nullable(`${name}_estimate`),
      removable: this.nullable(`${name}_removable`),
      work: this.nullable(`${name}_work`),
    }
  }

  /** @param spanRows rows of spans that were read, duplicates included. */
  push(trace: TraceAnalysis, spanRows: number, context: RowContext): void {
    const { criticalPath, tax, spans } = trace
    const { base } = context
    const known = trace.duration !== null
    let first = Infinity
    let last = -Infinity
    for (const { input } of spans) {
      if (input.start < first) first = input.start
      if (input.start > last) last = input.start
    }
    this.begin(context)
    pushInstant(this.start, base, trace.start)
    pushNullable(this.duration, trace.duration)
    this.spanRows.u32(spanRows)
    this.spanCount.u32(spans.length)
    this.hopCount.u16(uint16(trace.hops.length))
    this.proxyCount.u16(uint16(trace.proxies.length))
    pushInstant(this.firstStart, base, spans.length ? first : trace.start)
    pushInstant(this.lastStart, base, spans.length ? last : trace.start)
    pushPlace(this.where, trace)
    this.rootService.pushText(trace.rootService)
    this.rootName.pushText(trace.rootName)
    this.route.pushText(trace.route)
    for (const service of trace.services) this.services.elements.pushText(service)
    this.services.endRow()
    this.error.u8(Number(trace.error))
    this.flags.u32((trace.flags | context.flags) >>> 0)
    pushId64(this.shapeId, trace.shapeId)
    this.weight.f64(trace.weight)
    pushTax(this.mesh, known ? tax.mesh : null)
    pushTax(this.gateway, known ? tax.gateway : null)
    for (const segment of criticalPath) {
      pushId8(this.segmentOwner.elements, segment.spanId)
      this.segmentClass.elements.pushText(segment.class)
      this.segmentLeg.elements.pushText(segment.leg)
      this.segmentOffset.elements.data.i64(int64(segment.start - trace.start))
      this.segmentNs.elements.data.i64(int64(segment.ns))
    }
    this.endSegments()
  }

  /** A fact that the trace is there, without hops, proxies or a duration. */
  pushFailed({ firstStart, lastStart, spans, service }: TraceExtent, spanRows: number, context: RowContext): void {
    const first = halvesOf(firstStart)
    this.begin(context, failedAnalysis)
    pushInstant(this.start, first, 0)
    pushNullable(this.duration, null)
    this.spanRows.u32(spanRows)
    this.spanCount.u32(spans)
    this.hopCount.u16(0)
    this.proxyCount.u16(0)
    pushInstant(this.firstStart, first, 0)
    pushInstant(this.lastStart, halvesOf(lastStart), 0)
    pushPlace(this.where, { environment: '', cluster: '', namespace: '' })
    for (const word of [this.rootService, this.rootName, this.route]) word.pushText('')
    this.services.push(service ? [service] : [])
    this.error.u8(0)
    this.flags.u32((context.flags | Flag.noRoot) >>> 0)
    pushId64(this.shapeId, '')
    this.weight.f64(1)
    pushTax(this.mesh, null)
    pushTax(this.gateway, null)
    this.endSegments()
  }

  private endSegments(): void {
    this.segmentOwner.endRow()
    this.segmentClass.endRow()
    this.segmentLeg.endRow()
    this.segmentOffset.endRow()
    this.segmentNs.endRow()
  }
}

type TaxColumns = Record<'lower' | 'upper' | 'estimate' | 'removable' | 'work', NullableNs>

/** null: a trace without an end-to-end time. */
function pushTax(columns: TaxColumns, tax: Tax | null): void {
  pushNullable(columns.lower, tax && tax.lowerNs)
  pushNullable(columns.upper, tax && tax.upperNs)
  pushNullable(columns.estimate, tax && tax.estimateNs)
  pushNullable(columns.removable, tax && tax.removableNs)
  pushNullable(columns.work, tax && tax.workNs)
}
