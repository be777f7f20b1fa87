import { Flag } from '../../analysis/flags.ts'
import type { Tax, TraceAnalysis } from '../../analysis/types.ts'
import type { NullableColumn } from '../../../storage/native-columns.ts'
import { FactTable, halvesOf, id8, int64, orNull, pushId64, pushInstant, uint16, type RowContext } from './table.ts'

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
  private readonly start = this.instant('start')
  private readonly duration = this.nullableInt64('duration')
  private readonly spanRows = this.number('span_rows', 'UInt32')
  private readonly spanCount = this.number('span_count', 'UInt32')
  private readonly hopCount = this.number('hop_count', 'UInt16')
  private readonly proxyCount = this.number('proxy_count', 'UInt16')
  private readonly firstStart = this.instant('first_start')
  private readonly lastStart = this.instant('last_start')
  private readonly where = this.place()
  private readonly rootService = this.word('root_service')
  private readonly rootName = this.word('root_name')
  private readonly route = this.word('route')
  private readonly services = this.words('services')
  private readonly error = this.number('error', 'UInt8')
  private readonly flags = this.number('flags', 'UInt32')
  private readonly shapeId = this.int64('shape_id', 'UInt64')
  private readonly weight = this.number('weight', 'Float64')
  private readonly mesh = this.tax('mesh')
  private readonly gateway = this.tax('gateway')
  private readonly segmentOwner = this.ids('segments.owner')
  private readonly segmentClass = this.words('segments.class')
  private readonly segmentLeg = this.words('segments.leg')
  private readonly segmentOffset = this.integers64('segments.offset', 'Int64')
  private readonly segmentNs = this.integers64('segments.ns', 'Int64')

  private tax(name: string): TaxColumns {
    return {
      lower: this.nullableInt64(`${name}_lower`),
      upper: this.nullableInt64(`${name}_upper`),
      estimate: this.nullableInt64(`${name}_estimate`),
      removable: this.nullableInt64(`${name}_removable`),
      work: this.nullableInt64(`${name}_work`),
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
    this.duration.push(orNull(trace.duration))
    this.spanRows.push(spanRows)
    this.spanCount.push(spans.length)
    this.hopCount.push(uint16(trace.hops.length))
    this.proxyCount.push(uint16(trace.proxies.length))
    pushInstant(this.firstStart, base, spans.length ? first : trace.start)
    pushInstant(this.lastStart, base, spans.length ? last : trace.start)
    this.where.environment.push(trace.environment)
    this.where.cluster.push(trace.cluster)
    this.where.namespace.push(trace.namespace)
    this.rootService.push(trace.rootService)
    this.rootName.push(trace.rootName)
    this.route.push(trace.route)
    for (const service of trace.services) this.services.elements.push(service)
    this.services.endRow()
    this.error.push(Number(trace.error))
    this.flags.push((trace.flags | context.flags) >>> 0)
    pushId64(this.shapeId, trace.shapeId)
    this.weight.push(trace.weight)
    pushTax(this.mesh, known ? tax.mesh : null)
    pushTax(this.gateway, known ? tax.gateway : null)
    for (const segment of criticalPath) {
      this.segmentOwner.elements.push(id8(segment.spanId))
      this.segmentClass.elements.push(segment.class)
      this.segmentLeg.elements.push(segment.leg)
      this.segmentOffset.elements.push(int64(segment.start - trace.start))
      this.segmentNs.elements.push(int64(segment.ns))
    }
    this.endSegments()
  }

  /** A fact that the trace is there, without hops, proxies or a duration. */
  pushFailed({ firstStart, lastStart, spans, service }: TraceExtent, spanRows: number, context: RowContext): void {
    const first = halvesOf(firstStart)
    this.begin(context, failedAnalysis)
    pushInstant(this.start, first, 0)
    this.duration.push(null)
    this.spanRows.push(spanRows)
    this.spanCount.push(spans)
    this.hopCount.push(0)
    this.proxyCount.push(0)
    pushInstant(this.firstStart, first, 0)
    pushInstant(this.lastStart, halvesOf(lastStart), 0)
    const { environment, cluster, namespace } = this.where
    for (const word of [environment, cluster, namespace, this.rootService, this.rootName, this.route]) word.push('')
    this.services.push(service ? [service] : [])
    this.error.push(0)
    this.flags.push((context.flags | Flag.noRoot) >>> 0)
    pushId64(this.shapeId, '')
    this.weight.push(1)
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

type TaxColumns = Record<'lower' | 'upper' | 'estimate' | 'removable' | 'work', NullableColumn<number>>

/** null: a trace without an end-to-end time. */
function pushTax(columns: TaxColumns, tax: Tax | null): void {
  columns.lower.push(tax && int64(tax.lowerNs))
  columns.upper.push(tax && int64(tax.upperNs))
  columns.estimate.push(tax && orNull(tax.estimateNs))
  columns.removable.push(tax && int64(tax.removableNs))
  columns.work.push(tax && int64(tax.workNs))
}
