import { ANALYSIS_VERSION } from '../../analysis/analyse.ts'
import { Flag } from '../../analysis/flags.ts'
import type { PathSegment, Tax, TraceAnalysis } from '../../analysis/types.ts'
import { halvesOf, putHalves, putInstant, putInt64, uint16, type NullableNs } from './columns.ts'
import { FactTable, putPlace, type RowContext } from './table.ts'

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
  private readonly servicesOf = this.lists()
  private readonly segments = this.lists()
  private readonly start = this.halves('start', 'DateTime64(9)')
  private readonly duration = this.nullable('duration')
  private readonly spanRows = this.uint32('span_rows')
  private readonly spanCount = this.uint32('span_count')
  private readonly hopCount = this.short('hop_count')
  private readonly proxyCount = this.short('proxy_count')
  private readonly firstStart = this.halves('first_start', 'DateTime64(9)')
  private readonly lastStart = this.halves('last_start', 'DateTime64(9)')
  private readonly where = this.place()
  private readonly rootService = this.word('root_service')
  private readonly rootName = this.word('root_name')
  private readonly route = this.word('route')
  private readonly services = this.listOfWords(this.servicesOf, 'services')
  private readonly error = this.byte('error')
  private readonly flags = this.uint32('flags')
  private readonly analysisVersion = this.short('analysis_version')
  private readonly shapeId = this.halves('shape_id', 'UInt64')
  private readonly weight = this.float('weight')
  private readonly mesh = this.tax('mesh')
  private readonly gateway = this.tax('gateway')
  private readonly segmentClass = this.listOfWords(this.segments, 'segments.class')
  private readonly segmentNs = this.listOfHalves(this.segments, 'segments.ns', 'Int64')

  private tax(name: string): TaxColumns {
    return {
      lower: this.nullable(`${name}_lower`),
      upper: this.nullable(`${name}_upper`),
      estimate: this.nullable(`${name}_estimate`),
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
    const row = this.begin(context)
    putHalves(this.start.data, row, context.traceStart)
    this.analysisVersion.data[row] = ANALYSIS_VERSION
    this.duration.put(row, trace.duration)
    this.spanRows.data[row] = spanRows
    this.spanCount.data[row] = spans.length
    this.hopCount.data[row] = uint16(trace.hops.length)
    this.proxyCount.data[row] = uint16(trace.proxies.length)
    putInstant(this.firstStart.data, row, base, spans.length ? first : trace.start)
    putInstant(this.lastStart.data, row, base, spans.length ? last : trace.start)
    putPlace(this.where, row, trace)
    this.rootService.put(row, trace.rootService)
    this.rootName.put(row, trace.rootName)
    this.route.put(row, trace.route)
    for (const service of trace.services) {
      const at = this.servicesOf.next()
      this.services.put(at, service)
    }
    this.servicesOf.end(row)
    this.error.data[row] = trace.error ? 1 : 0
    this.flags.data[row] = trace.flags | context.flags
    putHalves(this.shapeId.data, row, context.shapeId)
    this.weight.data[row] = trace.weight
    putTax(this.mesh, row, known ? tax.mesh : null)
    putTax(this.gateway, row, known ? tax.gateway : null)
    this.putPath(criticalPath)
    this.segments.end(row)
    this.rows++
  }

  /** A class of the path once, with the sum of its pieces: what is asked of facts and what rollups count. */
  private putPath(path: readonly PathSegment[]): void {
    let count = 0
    for (const { class: name, ns } of path) {
      let at = 0
      while (at < count && classes[at] !== name) at++
      if (at < count) sums[at]! += Math.round(ns)
      else {
        classes[count] = name
        sums[count++] = Math.round(ns)
      }
    }
    for (let i = 0; i < count; i++) {
      const at = this.segments.next()
      this.segmentClass.put(at, classes[i]!)
      putInt64(this.segmentNs.data, at, sums[i]!)
    }
  }

  /** A fact that the trace is there, without hops, proxies or a duration. */
  pushFailed({ firstStart, lastStart, spans, service }: TraceExtent, spanRows: number, context: RowContext): void {
    const first = halvesOf(firstStart)
    const row = this.begin(context)
    putInstant(this.start.data, row, first, 0)
    this.analysisVersion.data[row] = failedAnalysis
    this.duration.put(row, null)
    this.spanRows.data[row] = spanRows
    this.spanCount.data[row] = spans
    this.hopCount.data[row] = 0
    this.proxyCount.data[row] = 0
    putInstant(this.firstStart.data, row, first, 0)
    putInstant(this.lastStart.data, row, halvesOf(lastStart), 0)
    putPlace(this.where, row, { environment: '', cluster: '', namespace: '' })
    for (const word of [this.rootService, this.rootName, this.route]) word.put(row, '')
    if (service) {
      const at = this.servicesOf.next()
      this.services.put(at, service)
    }
    this.servicesOf.end(row)
    this.error.data[row] = 0
    this.flags.data[row] = context.flags | Flag.noRoot
    putHalves(this.shapeId.data, row, context.shapeId)
    this.weight.data[row] = 1
    putTax(this.mesh, row, null)
    putTax(this.gateway, row, null)
    this.segments.end(row)
    this.rows++
  }
}

/** Of the trace whose row is made. */
const classes: PathSegment['class'][] = []
const sums: number[] = []

type TaxColumns = Record<'lower' | 'upper' | 'estimate', NullableNs>

/** null: a trace without an end-to-end time. */
function putTax(columns: TaxColumns, row: number, tax: Tax | null): void {
  columns.lower.put(row, tax && tax.lowerNs)
  columns.upper.put(row, tax && tax.upperNs)
  columns.estimate.put(row, tax && tax.estimateNs)
}
