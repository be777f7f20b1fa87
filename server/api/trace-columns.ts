import type { AnalysedSpan, PathSegment, TraceAnalysis } from '../analysis/types.ts'
import { flagNames } from '../analysis/flags.ts'
import { Words } from './column-words.ts'
import type { TraceColumns } from './contract-columns.ts'
import { hopColumns, proxyColumns } from './hop-columns.ts'

export const kinds = ['unset', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export const statuses = ['unset', 'ok', 'error'] as const

/**
 * Spans, proxies, hops and critical path of a trace in a tenth of the bytes: what repeats is there once, numbers stand in arrays. The page opens
 * 100,000 spans from it; scripts have them as objects (trace-json.ts).
 */
export function traceColumns(trace: TraceAnalysis): TraceColumns {
  const { spans } = trace
  const words = new Words()
  const at = new Map(spans.map(({ spanId }, i) => [spanId, i]))
  const resources = words.shared(
    spans,
    ({ input }) => input.resource,
    ({ attributes }) => words.pairs(attributes),
  )
  const scopes = words.shared(
    spans,
    ({ input }) => input.scope,
    ({ name, version }) => [words.at(name), words.at(version)],
  )
  const sets = words.shared(
    spans,
    ({ input }) => input.attributeSet,
    (attributes) => words.pairs(attributes),
  )
  // '' where there is none.
  const placeOf = (spanId: string) => at.get(spanId) ?? -1
  const column = (of: (span: AnalysedSpan, i: number) => number) => spans.map(of)
  const missing: [number, string][] = []
  const parent = column(({ parentId }, i) => {
    if (parentId === '') return -1
    const found = at.get(parentId)
    if (found === undefined) missing.push([i, parentId])
    return found ?? -2
  })
  return {
    spanIds: spans.map(({ spanId }) => spanId).join(''),
    parent,
    missing,
    service: column(({ service }) => words.at(service)),
    name: column(({ input }) => words.at(input.name)),
    kind: column(({ input }) => words.at(kinds[input.kind] ?? 'unset')),
    role: column(({ role }) => words.at(role)),
    family: column(({ proxyFamily }) => words.at(proxyFamily)),
    rule: column(({ rule }) => words.at(rule)),
    status: column(({ input }) => words.at(statuses[input.status] ?? 'unset')),
    start: column(({ start }) => start - trace.start),
    moved: column(({ start, placedStart }) => placedStart - start),
    duration: column(({ duration }) => duration),
    self: words.measures(spans, ({ self }) => self),
    flags: column(({ flags }) => words.at(flagNames(flags).join(' '))),
    resource: resources.column,
    scope: scopes.column,
    set: sets.column,
    attributes: spans.map(({ input }) => words.pairs(input.attributes)),
    resources: resources.entries,
    scopes: scopes.entries,
    sets: sets.entries,
    events: sparse(
      spans,
      ({ input }) => input.events,
      ({ name, time, attributes }) => [words.at(name), time - trace.start, ...words.pairs(attributes)],
    ),
    links: sparse(
      spans,
      ({ input }) => input.links,
      ({ traceId, spanId }) => [words.at(traceId), words.at(spanId)],
    ),
    path: pathColumns(trace.criticalPath, at, words, trace.start),
    proxies: proxyColumns(trace, words, placeOf),
    hops: hopColumns(trace, words, placeOf),
    // Last, as all others add to them.
    words: words.list,
  }
}

function pathColumns(path: readonly PathSegment[], at: ReadonlyMap<string, number>, words: Words, start: number) {
  return {
    span: path.map(({ spanId }) => at.get(spanId)!),
    class: path.map((segment) => words.at(segment.class)),
    leg: path.map(({ leg }) => words.at(leg)),
    start: path.map((segment) => segment.start - start),
    ns: path.map(({ ns }) => ns),
  }
}

/** Of the few spans that have any: place of the span, then the items. */
function sparse<Item>(
  spans: readonly AnalysedSpan[],
  of: (span: AnalysedSpan) => readonly Item[],
  write: (item: Item) => number[],
): [number, number[][]][] {
  return spans.flatMap((span, i): [number, number[][]][] => {
    const items = of(span)
    return items.length === 0 ? [] : [[i, items.map(write)]]
  })
}
