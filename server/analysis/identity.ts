import { hash64 } from './hash.ts'
import type { Traversal, Node } from './node.ts'
import type { Emitter, HopMemo } from './recognise/emitter.ts'
import type { ProxyIdentity } from './types.ts'

/** api.md "Identity": of the workload and its role, never of a pod or a version. */
export function identityOf({ head, family, role }: Traversal): ProxyIdentity {
  const { memo, environment, cluster, namespace, workload } = head.emitter
  if (memo.identity?.role === role) return memo.identity
  const proxyId = hash64([environment, cluster, family, namespace, workload, role])
  const name = role === 'waypoint' ? serviceOf(head) : workload.replace(/^unknown_service:(?=.)/, '')
  memo.identity = { environment, cluster, namespace, proxyId, family, workload, role, name }
  return memo.identity
}

/**
 * The application that a sidecar stands beside (proxy-spans.md 2.3): by pod where both tell theirs, else the one that
 * calls through it or that it calls. It knows the node and the zone, which Envoy does not say.
 */
export function applicationOf({ head, role, outs }: Traversal): Node | null {
  const beside = role === 'sidecar-outbound' ? head.parent : role === 'sidecar-inbound' ? (outs[0] ?? null) : null
  if (beside === null || beside.leg !== 'app') return null
  const [a, b] = [head.emitter, beside.emitter]
  const apart =
    (a.pod !== '' && b.pod !== '' && a.pod !== b.pod) || (a.podIp !== '' && b.podIp !== '' && a.podIp !== b.podIp)
  return apart ? null : beside
}

/** A waypoint is called by its own name: some Istio versions give it that of the service behind it. */
export function serviceOf({ emitter, role }: Node): string {
  if (role !== 'waypoint' || emitter.workload === '') return emitter.service
  return emitter.namespace === '' ? emitter.workload : `${emitter.workload}.${emitter.namespace}`
}

/**
 * Identity of a hop and of the proxies on it, by the spans that its request left them through. `place`: emitter of the callee,
 * or of the last proxy where there is none.
 */
export function hopWords(
  place: Emitter,
  kind: string,
  caller: string,
  callee: string,
  exits: readonly Node[],
): HopMemo {
  const { hops } = place.memo
  for (const hop of hops)
    if (hop.kind === kind && hop.caller === caller && hop.callee === callee && isVia(hop.via, exits)) return hop
  const via = exits.map(proxyIdOf)
  const hop = {
    kind,
    caller,
    callee,
    via,
    hopId: hash64([place.environment, place.cluster, kind, caller, callee, ...via]),
  }
  if (hops.length >= 64) hops.length = 0
  hops.push(hop)
  return hop
}

const proxyIdOf = (exit: Node): string => identityOf(exit.traversal!).proxyId

function isVia(via: readonly string[], exits: readonly Node[]): boolean {
  if (via.length !== exits.length) return false
  for (let i = 0; i < via.length; i++) if (via[i] !== proxyIdOf(exits[i]!)) return false
  return true
}
