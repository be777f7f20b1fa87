/** What each kind of proxy sends, and how sure the time inside it gets from that (algorithms.md D4, section 5). */
import type { Fidelity } from '../../../server/api/contract.ts'

export interface Sender {
  readonly name: string
  readonly spans: string
  readonly fidelity: Fidelity
  readonly note: string
}

export const senders: readonly Sender[] = [
  {
    name: 'Istio gateway, Envoy',
    spans: 'server + upstream',
    fidelity: 'exact',
    note: 'Istio 1.28',
  },
  { name: 'Linkerd', spans: 'two a proxy', fidelity: 'exact', note: 'needs a sampled context' },
  { name: 'KrakenD', spans: 'server + backends', fidelity: 'exact', note: 'all layers on' },
  { name: 'Kong, Traefik', spans: 'server + upstream', fidelity: 'exact', note: 'Kong: tracing_instrumentations' },
  { name: 'Envoy, one span', spans: '+ timing tags', fidelity: 'exact', note: 'Envoy 1.37, Istio 1.29' },
  { name: 'Envoy, one span', spans: '+ verbose events', fidelity: 'exact', note: 'Envoy 1.38' },
  { name: 'Istio sidecar, waypoint', spans: 'one', fidelity: 'bounded', note: 'the callee must send spans' },
  { name: 'Caddy, NGINX', spans: 'one', fidelity: 'bounded', note: 'the callee must send spans' },
  { name: 'any, callee silent', spans: 'one', fidelity: 'unknown', note: 'put an SDK into the callee' },
  { name: 'ztunnel, layer 4', spans: 'none', fidelity: 'unknown', note: 'part of the wire' },
]

export interface Level {
  readonly fidelity: Fidelity
  readonly example: string
  readonly words: string
}

export const levels: readonly Level[] = [
  { fidelity: 'exact', example: '7.9 ms', words: 'measured by the clock of one process' },
  { fidelity: 'bounded', example: '≤ 6.4 ms', words: 'certainly not more than this' },
  { fidelity: 'modelled', example: '≈ 3.0 ms', words: 'an estimate between known bounds' },
  { fidelity: 'unknown', example: 'unknown', words: 'a needed span is missing; never 0' },
]
