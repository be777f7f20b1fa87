import { flagNames } from '../analysis/flags.ts'
import type { AnalysedSpan, Hop, ProxyTraversal, TraceAnalysis } from '../analysis/types.ts'
import { instantOf, kinds, measureJson, statuses, traceHead } from '../trace-page/head.ts'
import type { Trace, TraceHop, TraceProxy, TraceSpan } from './contract.ts'

/**
 * The analysis of a trace as api.md gives it: instants as Unix ns, flags by name.
 * @param besides flags that the analysis cannot know: that there are more spans than it was given, that some came late.
 */
export function traceJson(trace: TraceAnalysis, settled: boolean, besides: number): Trace {
  const at = instantOf(trace)
  return {
    ...traceHead(trace, settled, besides),
    proxies: trace.proxies.map(proxyJson),
    hops: trace.hops.map(hopJson),
    spans: trace.spans.map((span) => spanJson(span, at)),
    criticalPath: trace.criticalPath.map(({ spanId, class: cls, leg, start, ns }) => ({
      spanId,
      class: cls,
      leg,
      startUnixNano: at(start),
      ns,
    })),
  }
}

function spanJson(span: AnalysedSpan, at: (ns: number) => string): TraceSpan {
  const { input } = span
  return {
    spanId: span.spanId,
    parentSpanId: span.parentId,
    service: span.service,
    name: input.name,
    kind: kinds[input.kind] ?? 'unset',
    role: span.role,
    proxyFamily: span.proxyFamily,
    rule: span.rule,
    startUnixNano: at(span.start),
    placedStartUnixNano: at(span.placedStart),
    durationNs: span.duration,
    self: measureJson(span.self),
    status: statuses[input.status] ?? 'unset',
    attributes: { ...Object.fromEntries(input.attributeSet), ...Object.fromEntries(input.attributes) },
    resource: Object.fromEntries(input.resource.attributes),
    events: input.events.map(({ name, time, attributes }) => ({
      name,
      timeUnixNano: at(time),
      attributes: Object.fromEntries(attributes),
    })),
    links: input.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    scope: { name: input.scope.name, version: input.scope.version },
    flags: [...flagNames(span.flags)],
  }
}

function proxyJson(proxy: ProxyTraversal): TraceProxy {
  const { proxyId, name, family, role } = proxy.identity
  return {
    spanId: proxy.spanId,
    spanIds: [...proxy.spanIds],
    proxyId,
    name,
    family,
    role,
    instance: proxy.instance,
    overhead: measureJson(proxy.overhead),
    requestPath: measureJson(proxy.requestPath),
    responsePath: measureJson(proxy.responsePath),
    added: measureJson(proxy.added),
    retry: { ...proxy.retry },
    connectNs: proxy.connectNs,
    fanOut: proxy.fanOut && { ...proxy.fanOut },
    localReply: proxy.localReply,
    flags: [...flagNames(proxy.flags)],
  }
}

function hopJson(hop: Hop): TraceHop {
  return {
    hopId: hop.hopId,
    kind: hop.kind,
    caller: hop.caller && { ...hop.caller },
    callee: hop.callee && { ...hop.callee },
    via: [...hop.via],
    transit: measureJson(hop.transit),
    segments: hop.segments.map((segment) => ({ ...segment })),
  }
}
