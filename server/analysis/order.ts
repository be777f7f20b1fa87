import type { Node } from './node.ts'
import type { Attributes, SpanInput } from './types.ts'

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
export const byStart = (a: Node, b: Node): number => a.start - b.start || compare(a.id, b.id)

/** By start, then id, then longest, then whatever tells them apart: what the analysis says must not hang on the order of arrival. */
export function inOrder(spans: readonly SpanInput[]): readonly SpanInput[] {
  for (let i = 1; i < spans.length; i++) {
    const a = spans[i - 1]!
    const b = spans[i]!
    if (a.start > b.start || (a.start === b.start && a.spanId >= b.spanId)) return [...spans].sort(byContent)
  }
  return spans
}

export const byContent = (a: SpanInput, b: SpanInput): number =>
  a.start - b.start ||
  compare(a.spanId, b.spanId) ||
  b.duration - a.duration ||
  a.kind - b.kind ||
  compare(a.parentId, b.parentId) ||
  compare(a.name, b.name) ||
  a.status - b.status ||
  (a === b ? 0 : compare(contentOf(a), contentOf(b)))

function contentOf(span: SpanInput): string {
  const { attributes, attributeSet, resource, scope, events, links, flags, traceState } = span
  const inOrder = (map: Attributes) => [...map].sort(([x], [y]) => compare(x, y))
  const maps = [attributes, attributeSet, resource.attributes].map(inOrder)
  const said = events.map((event) => [event.name, event.time, inOrder(event.attributes)])
  return JSON.stringify([maps, scope.name, scope.version, scope.tailSampled, said, links, flags, traceState])
}
