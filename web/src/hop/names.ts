/** What proxies and hops are called. */
import type { Role } from '../../../server/api/contract.ts'
import type { HopItem, ProxyItem } from '../../../server/api/contract-measurements.ts'
import { plural } from '../format/number.ts'

type Ends = Pick<HopItem, 'caller' | 'callee' | 'viaProxies'>

/**
 * An end that no application is at bears the name of the proxy there: two gateways before one service are two hops. The
 * sidecar of the other end is no end.
 */
export function endsOfHop({ caller, callee, viaProxies }: Ends): { from: string; to: string } {
  const [first, last] = [viaProxies[0]?.name, viaProxies.at(-1)?.name]
  return {
    from: caller || (first !== callee && first) || 'clients',
    to: callee || (last !== caller && last) || 'outside',
  }
}

export function nameOfHop(hop: Ends): string {
  const { from, to } = endsOfHop(hop)
  return `${from} → ${to}`
}

const roles: Readonly<Record<Role, string>> = {
  app: 'application',
  gateway: 'gateway',
  'sidecar-inbound': 'inbound sidecar',
  'sidecar-outbound': 'outbound sidecar',
  waypoint: 'waypoint',
  'l4-proxy': 'layer 4 proxy',
  'middleware-stage': 'stage of a gateway',
}

const families: Readonly<Record<string, string>> = {
  envoy: 'Envoy',
  krakend: 'KrakenD',
  caddy: 'Caddy',
  istio: 'Istio',
}

export function familyName(family: string): string {
  return families[family] ?? family
}

export function roleName(role: Role): string {
  return roles[role]
}

/** `gateway · Envoy · 3 instances · shop · prod-eu-1` */
export function describeProxy({ role, family, instances, namespace, cluster, environment }: ProxyItem): string {
  return [
    roles[role],
    familyName(family),
    instances > 0 && plural(instances, 'instance'),
    namespace,
    cluster,
    environment,
  ]
    .filter(Boolean)
    .join(' · ')
}

export function describeHop({ kind, viaProxies, namespace, cluster, environment }: HopItem): string {
  const via = viaProxies.length === 0 ? 'no proxy on the way' : `via ${plural(viaProxies.length, 'proxy', 'proxies')}`
  const kinds = { entry: 'entry: its caller sends no spans', internal: '', exit: 'exit: its callee sends no spans' }
  return [kinds[kind], via, namespace, cluster, environment].filter(Boolean).join(' · ')
}
