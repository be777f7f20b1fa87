import type { AnalysedSpan, PathSegment, TraceAnalysis } from '../analysis/types.ts'
import type { TraceColumns } from '../api/contract-columns.ts'
import { kinds, statuses } from './head.ts'
import { hopColumns, proxyColumns } from './hop-columns.ts'
import { columnOf, listsOf, Words } from './words.ts'

/** Spans, proxies, hops and critical path of a trace as columns; numbers are not narrow yet. */
export function traceColumns(trace: TraceAnalysis): TraceColumns {
  const { spans } = trace
  const words = new Words()
  const at = new Map<string, number>()
  for (const [i, { spanId }] of spans.entries()) at.set(spanId, i)
  const resources = words.shared(
    spans,
    ({ input }) => input.resource,
    ({ attributes }, to) => words.pairs(attributes, to),
  )
  const scopes = words.shared(
    spans,
    ({ input }) => input.scope,
    ({ name, version }, to) => {
      to.add(words.at(name))
      to.add(words.at(version))
    },
  )
  const sets = words.shared(
    spans,
    ({ input }) => input.attributeSet,
    (attributes, to) => words.pairs(attributes, to),
  )
  const placeOf = (spanId: string) => at.get(spanId) ?? -1
  const column = (of: (span: AnalysedSpan, i: number) => number) => columnOf(spans, of)
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
    flags: column(({ flags }) => words.flags(flags)),
    resource: resources.column,
    scope: scopes.column,
    set: sets.column,
    attributes: listsOf(spans, ({ input }, to) => words.pairs(input.attributes, to)),
    resources: resources.entries,
    scopes: scopes.entries,
    sets: sets.entries,
    events: sparse(
      spans,
      ({ input }) => input.events,
      ({ name, time, attributes }) => [
        words.at(name),
        time - trace.start,
        ...[...attributes].flatMap((pair) => pair.map((word) => words.at(word))),
      ],
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
    span: columnOf(path, ({ spanId }) => at.get(spanId)!),
    class: columnOf(path, (segment) => words.at(segment.class)),
    leg: columnOf(path, ({ leg }) => words.at(leg)),
    start: columnOf(path, (segment) => segment.start - start),
    ns: columnOf(path, ({ ns }) => ns),
  }
}

/** Of the few spans that have any: place of the span, then the items. */
function sparse<Item>(
  spans: readonly AnalysedSpan[],
  of: (span: AnalysedSpan) => readonly Item[],
  write: (item: Item) => number[],
): [number, number[][]][] {
  const found: [number, number[][]][] = []
  for (const [i, span] of spans.entries()) {
    const items = of(span)
    if (items.length > 0) found.push([i, items.map(write)])
  }
  return found
}
