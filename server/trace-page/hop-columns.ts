import type { Hop, ProxyTraversal, TraceAnalysis } from '../analysis/types.ts'
import type { HopColumns, ProxyColumns } from '../api/contract-columns.ts'
import { columnOf, listsOf, type Words } from './words.ts'

/** Place of a span, -1 where it is none of the trace. */
type PlaceOf = (spanId: string) => number

export function proxyColumns({ proxies }: TraceAnalysis, words: Words, placeOf: PlaceOf): ProxyColumns {
  const column = (of: (proxy: ProxyTraversal) => number) => columnOf(proxies, of)
  const identities = new Map<string, number>()
  const identityWords: number[] = []
  const identityOf = ({ identity: { proxyId, name, family, role } }: ProxyTraversal) => {
    let place = identities.get(proxyId)
    if (place === undefined) {
      identities.set(proxyId, (place = identities.size))
      for (const word of [proxyId, name, family, role]) identityWords.push(words.at(word))
    }
    return place
  }
  return {
    span: column(({ spanId }) => placeOf(spanId)),
    spans: listsOf(proxies, ({ spanIds }, to) => {
      for (const spanId of spanIds) to.add(placeOf(spanId))
    }),
    identity: column(identityOf),
    identities: Float64Array.from(identityWords),
    instance: column(({ instance }) => words.at(instance)),
    overhead: words.measures(proxies, ({ overhead }) => overhead),
    requestPath: words.measures(proxies, ({ requestPath }) => requestPath),
    responsePath: words.measures(proxies, ({ responsePath }) => responsePath),
    added: words.measures(proxies, ({ added }) => added),
    attempts: column(({ retry }) => retry.attempts),
    lost: rowsOf(proxies, ({ retry: { backoffNs, wastedNs } }, i) =>
      backoffNs === 0 && wastedNs === 0 ? [] : [i, backoffNs, wastedNs],
    ),
    connect: column(({ connectNs }) => connectNs ?? -1),
    fanOut: rowsOf(proxies, ({ fanOut }, i) =>
      fanOut ? [i, fanOut.calls, fanOut.stragglerNs, placeOf(fanOut.stragglerSpanId)] : [],
    ),
    localReply: rowsOf(proxies, ({ localReply }, i) => (localReply ? [i] : [])),
    flags: column(({ flags }) => words.flags(flags)),
  }
}

/** Of the few that have something to say. */
function rowsOf<Item>(items: readonly Item[], of: (item: Item, i: number) => number[]): Float64Array {
  return Float64Array.from(items.flatMap(of))
}

export function hopColumns({ hops }: TraceAnalysis, words: Words, placeOf: PlaceOf): HopColumns {
  const column = (of: (hop: Hop) => number) => columnOf(hops, of)
  return {
    id: column(({ hopId }) => words.at(hopId)),
    kind: column(({ kind }) => words.at(kind)),
    caller: column(({ caller }) => (caller ? words.at(caller.service) : -1)),
    callee: column(({ callee }) => (callee ? words.at(callee.service) : -1)),
    callerSpan: column(({ caller }) => (caller ? placeOf(caller.spanId) : -1)),
    calleeSpan: column(({ callee }) => (callee ? placeOf(callee.spanId) : -1)),
    via: listsOf(hops, ({ via }, to) => {
      for (const spanId of via) to.add(placeOf(spanId))
    }),
    transit: words.measures(hops, ({ transit }) => transit),
    segments: listsOf(hops, ({ segments }, to) => {
      for (const segment of segments) {
        to.add(words.at(segment.class))
        to.add(placeOf(segment.ownerSpanId))
        to.add(segment.ns)
        to.add(words.at(segment.fidelity))
      }
    }),
  }
}
