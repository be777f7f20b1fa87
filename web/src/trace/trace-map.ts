/** One request as the map draws all: its hops and proxies, each with the highest value it has in this trace. */
import type { MapHop, MapProxy, ServiceMap } from '../../../server/api/contract-map.ts'
import type { Distribution } from '../../../server/api/contract.ts'
import type { TraceIndex } from './index.ts'
import type { Measure, WireHop, WireProxy } from './wire.ts'

const place = { environment: '', cluster: '', namespace: '' }

/** Of the values that are known, an upper bound where there is no estimate: the highest, at its own level. */
export function highestOf(measures: readonly Measure[]): Distribution {
  const values = measures.flatMap((measure) => {
    const ns = measure.ns ?? measure.hiNs
    return ns === null ? [] : [{ ns, fidelity: measure.fidelity }]
  })
  const highest = values.reduce<(typeof values)[number] | null>((a, b) => (a && a.ns >= b.ns ? a : b), null)
  const none = { p50Ns: null, p75Ns: null, p90Ns: null, p95Ns: null, p99Ns: null, p999Ns: null, meanNs: null }
  return {
    ...none,
    n: values.length,
    coverage: measures.length === 0 ? 0 : values.length / measures.length,
    fidelity: highest?.fidelity ?? 'unknown',
    maxNs: highest?.ns ?? null,
    reasons: [...new Set(measures.flatMap(({ reasons }) => reasons))],
  }
}

/** `from` and `to` are the same: there is no rate in one request. */
export function mapOfTrace({ trace, spans }: TraceIndex): ServiceMap {
  const proxyOf = new Map(trace.proxies.flatMap((proxy) => proxy.spanIds.map((id) => [id, proxy] as const)))
  const failed = (spanId: string | undefined) => spans.get(spanId ?? '')?.wire.status === 'error'
  const hops = [...grouped(trace.hops, ({ hopId }) => hopId)].map(([id, calls]): MapHop => {
    const [first] = calls as [WireHop]
    const errors = calls.filter(({ caller, via }) => failed(caller?.spanId ?? via[0])).length
    return {
      ...{ id, kind: first.kind, ...place },
      caller: first.caller?.service ?? '',
      callee: first.callee?.service ?? '',
      via: first.via.flatMap((spanId) => proxyOf.get(spanId)?.proxyId ?? []),
      ...{ requests: calls.length, errors, errorRate: errors / calls.length },
      transit: highestOf(calls.map(({ transit }) => transit)),
      wire: highestOf([]),
    }
  })
  const proxies = [...grouped(trace.proxies, ({ proxyId }) => proxyId)].map(([id, passages]): MapProxy => {
    const [first] = passages as [WireProxy]
    const errors = passages.filter(({ spanId }) => failed(spanId)).length
    return {
      ...{ id, name: first.name, family: first.family, role: first.role, workload: first.name, ...place },
      ...{ requests: passages.length, errors, errorRate: errors / passages.length },
      added: [highestOf(passages.map(({ added }) => added))],
      overhead: [highestOf(passages.map(({ overhead }) => overhead))],
      coverage: passages.filter(({ added }) => added.fidelity !== 'unknown').length / passages.length,
    }
  })
  return {
    from: trace.startUnixNano,
    to: trace.startUnixNano,
    hops: hops.sort((a, b) => b.requests - a.requests),
    proxies,
  }
}

function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}

/**
 * The span whose details show what is selected on the map: of the calls of a hop, or the passages of a proxy, the longest.
 * null for what no span of the trace stands for.
 */
export function spanOfKey({ trace, spans }: TraceIndex, key: string): string | null {
  const lengthOf = (spanId: string | undefined) => spans.get(spanId ?? '')?.wire.durationNs ?? -1
  const longest = (ids: readonly (string | undefined)[]) =>
    ids.reduce<string | null>(
      (most, id) => (id !== undefined && lengthOf(id) > lengthOf(most ?? undefined) ? id : most),
      null,
    )
  const calls = trace.hops.filter(({ hopId }) => hopId === key)
  if (calls.length > 0) return longest(calls.map(({ caller, via }) => caller?.spanId ?? via[0]))
  if (key.startsWith('p:'))
    return longest(trace.proxies.filter(({ proxyId }) => key === `p:${proxyId}`).map(({ spanId }) => spanId))
  const service = /^s:[^/]*\/[^/]*\/(.*)$/s.exec(key)?.[1]
  if (service === undefined) return null
  return longest(
    trace.spans.filter((span) => span.service === service && span.role === 'app').map(({ spanId }) => spanId),
  )
}
