/** What a row is called. The mark is a shape of mockups/README.md "Colour: who". */
import type { Row } from './rows.ts'
import type { TraceSpan } from './index.ts'
import type { Role, WireProxy } from './wire.ts'

export type Mark =
  | 'app'
  | 'gateway'
  | 'sidecar'
  | 'waypoint'
  | 'hop-gateway'
  | 'hop-sidecar'
  | 'hop-waypoint'
  | 'wire'
  | 'outside'
  | 'attempt'
  | 'failed'
  | 'stage'
  | 'silent'

export interface Badge {
  readonly text: string
  readonly tone: 'retry' | 'bad' | 'warn' | 'quiet'
}

export interface Label {
  readonly mark: Mark
  readonly name: string
  readonly detail: string
  readonly badges: readonly Badge[]
}

export function labelOf(row: Row): Label {
  const { wire } = row.span
  const badges = badgesOf(row)
  switch (row.kind) {
    case 'hop': {
      const via = viaOf(row.proxies)
      const detail = row.attempt > 0 ? `attempt ${row.attempt}, ${via}` : via
      return { mark: row.failedAttempt ? 'failed' : markOfHop(row.proxies), name: `→ ${calleeOf(row)}`, detail, badges }
    }
    case 'gateway':
      return { mark: 'gateway', name: row.proxies[0]?.name ?? wire.service, detail: wire.name, badges }
    case 'proxy': {
      const proxy = row.proxies[0]
      return { mark: markOfRole(wire.role), name: proxy ? proxyName(proxy) : wire.service, detail: '', badges }
    }
    case 'attempt':
      return {
        mark: row.failedAttempt ? 'failed' : 'attempt',
        name: `attempt ${row.attempt}`,
        detail: [statusOf(row.span), wire.attributes['response_flags'] ?? ''].filter((s) => s && s !== '-').join(' '),
        badges,
      }
    case 'upstream':
      return { mark: 'attempt', name: 'upstream span', detail: statusOf(row.span), badges }
    case 'stages':
      return { mark: 'stage', name: 'inside the gateway', detail: '', badges: [] }
    case 'stage':
      return { mark: 'stage', name: wire.name, detail: wire.attributes['krakend.stage'] ?? '', badges }
    case 'external':
      return {
        mark: 'outside',
        name: peerOf(row.span) ?? clusterOf(row.span) ?? wire.service,
        detail: wire.name,
        badges,
      }
    case 'app':
      return { mark: 'app', name: wire.service, detail: wire.name, badges }
  }
}

export function calleeOf(row: Row): string {
  const seen = row.hop?.callee?.service || row.callees[row.callees.length - 1]?.wire.service
  return seen || peerOf(row.span) || clusterOf(row.span) || 'callee without spans'
}

/** `outbound|8080||pay.shop.svc.cluster.local` names the service Envoy meant to reach. */
function clusterOf({ wire: { attributes } }: TraceSpan): string | null {
  return attributes['upstream_cluster']?.split('|').at(-1)?.split('.')[0] || null
}

function peerOf({ wire: { attributes } }: TraceSpan): string | null {
  return (
    attributes['peer.service'] ||
    attributes['db.system.name'] ||
    attributes['db.system'] ||
    attributes['messaging.system'] ||
    attributes['server.address'] ||
    attributes['net.peer.name'] ||
    null
  )
}

export function proxyName(proxy: WireProxy): string {
  switch (proxy.role) {
    case 'sidecar-inbound':
      return `${proxy.name}, inbound sidecar`
    case 'sidecar-outbound':
      return `${proxy.name}, outbound sidecar`
    case 'waypoint':
      return `${proxy.name}, waypoint`
    case 'app':
    case 'gateway':
    case 'l4-proxy':
    case 'middleware-stage':
      return proxy.name
  }
}

/** A hop's bead is its weightiest proxy: a gateway, else a waypoint, else a sidecar. */
function markOfHop(proxies: readonly WireProxy[]): Mark {
  const roles = new Set(proxies.map((proxy) => proxy.role))
  if (proxies.length === 0) return 'wire'
  if (roles.has('gateway')) return 'hop-gateway'
  if (roles.has('waypoint')) return 'hop-waypoint'
  return roles.has('sidecar-inbound') || roles.has('sidecar-outbound') ? 'hop-sidecar' : 'silent'
}

function viaOf(proxies: readonly WireProxy[]): string {
  const gateways = proxies.filter((proxy) => proxy.role === 'gateway').map((proxy) => proxy.name)
  if (gateways.length > 0) return `via ${gateways.join(', ')}`
  if (proxies.length === 0) return 'direct'
  const words = proxies.map((proxy) => (proxy.role === 'waypoint' ? 'waypoint' : 'sidecar'))
  const alike = new Set(words).size === 1
  if (proxies.length === 1) return words[0]!
  return alike ? `${proxies.length} ${words[0]}s` : `${proxies.length} proxies`
}

function badgesOf(row: Row): Badge[] {
  const badges: Badge[] = []
  const retries = row.proxies.reduce((n, { retry }) => n + Math.max(0, retry.attempts - 1), 0)
  if (row.loose) badges.push({ text: row.loose, tone: 'warn' })
  if (retries > 0 && row.kind !== 'attempt') badges.push({ text: `retried ×${retries}`, tone: 'retry' })
  if (row.proxies.some((proxy) => proxy.localReply)) badges.push({ text: 'own reply', tone: 'quiet' })
  if (row.span.wire.status === 'error') {
    // Rows of upstream spans have the code in their detail already.
    const code = row.kind === 'attempt' || row.kind === 'upstream' ? '' : statusOf(row.span)
    badges.push({ text: `error ${code}`.trim(), tone: 'bad' })
  }
  if (row.span.wire.flags.includes('detached_async')) badges.push({ text: 'not awaited', tone: 'quiet' })
  return badges
}

export function statusOf({ wire: { attributes } }: TraceSpan): string {
  const code =
    attributes['http.response.status_code'] ??
    attributes['http.status_code'] ??
    attributes['rpc.grpc.status_code'] ??
    attributes['grpc.status_code'] ??
    ''
  // Envoy says 0 where no answer came; for gRPC it is the code of success.
  return code === '0' ? '' : code
}

export function markOfRole(role: Role): Mark {
  switch (role) {
    case 'app':
      return 'app'
    case 'gateway':
      return 'gateway'
    case 'waypoint':
      return 'waypoint'
    case 'sidecar-inbound':
    case 'sidecar-outbound':
      return 'sidecar'
    case 'l4-proxy':
      return 'silent'
    case 'middleware-stage':
      return 'stage'
  }
}
