import { flagNames } from '../analysis/flags.ts'
import type { Hop, HopEnd, ProxyTraversal, TraceAnalysis } from '../analysis/types.ts'
import type { Words } from './column-words.ts'
import type { HopColumns, ProxyColumns } from './contract-columns.ts'

/** Traversals and hops of a trace as columns: those of a trace of 100,000 spans would be 50 MB of JSON. */
type PlaceOf = (spanId: string) => number

export function proxyColumns({ proxies }: TraceAnalysis, words: Words, placeOf: PlaceOf): ProxyColumns {
  const column = (of: (proxy: ProxyTraversal) => number) => proxies.map(of)
  const identities = words.shared(
    proxies,
    ({ identity }) => identity.proxyId,
    (id) => {
      const { proxyId, name, family, role } = proxies.find(({ identity }) => identity.proxyId === id)!.identity
      return [proxyId, name, family, role].map((word) => words.at(word))
    },
  )
  return {
    span: column(({ spanId }) => placeOf(spanId)),
    spans: proxies.map(({ spanIds }) => spanIds.map(placeOf)),
    identity: identities.column,
    identities: identities.entries,
    instance: column(({ instance }) => words.at(instance)),
    overhead: words.measures(proxies, ({ overhead }) => overhead),
    requestPath: words.measures(proxies, ({ requestPath }) => requestPath),
    responsePath: words.measures(proxies, ({ responsePath }) => responsePath),
    added: words.measures(proxies, ({ added }) => added),
    attempts: column(({ retry }) => retry.attempts),
    lost: proxies.flatMap(({ retry: { backoffNs, wastedNs } }, i) =>
      backoffNs === 0 && wastedNs === 0 ? [] : [[i, backoffNs, wastedNs]],
    ),
    connect: proxies.map(({ connectNs }) => connectNs),
    fanOut: proxies.flatMap(({ fanOut }, i) =>
      fanOut ? [[i, fanOut.calls, fanOut.stragglerNs, placeOf(fanOut.stragglerSpanId)]] : [],
    ),
    localReply: proxies.flatMap(({ localReply }, i) => (localReply ? [i] : [])),
    flags: column(({ flags }) => words.at(flagNames(flags).join(' '))),
  }
}

export function hopColumns({ hops }: TraceAnalysis, words: Words, placeOf: PlaceOf): HopColumns {
  const end = (of: HopEnd | null) => (of ? [words.at(of.service), placeOf(of.spanId)] : [])
  return {
    id: hops.map(({ hopId }) => words.at(hopId)),
    kind: hops.map(({ kind }) => words.at(kind)),
    caller: hops.map(({ caller }) => end(caller)),
    callee: hops.map(({ callee }) => end(callee)),
    via: hops.map(({ via }) => via.map(placeOf)),
    transit: words.measures(hops, ({ transit }: Hop) => transit),
    segments: hops.map(({ segments }) =>
      segments.flatMap((segment) => [
        words.at(segment.class),
        placeOf(segment.ownerSpanId),
        segment.ns,
        words.at(segment.fidelity),
      ]),
    ),
  }
}
