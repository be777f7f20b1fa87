import { SpanKind } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'

/** Kong: its OpenTelemetry plugin (rules G1-G3 of proxy-spans.md 2.2) and its Zipkin plugin (G4). */
const base = { family: 'kong', product: 'kong', oneCall: true } as const
const { server, client } = SpanKind

export const kong: Family = {
  ...base,
  gate: { scope: 'kong-internal' },
  rules: [
    { id: 'G1', when: { any: [{ name: 'kong' }, { attributes: { 'kong.request.id': present } }] }, leg: 'down' },
    { id: 'G2', when: { name: 'kong.balancer' }, leg: 'up' },
    // An HTTP call that Kong makes for itself; its DNS queries (kong.dns) are its own work.
    { id: 'G3', when: { name: 'kong.internal.request' }, leg: 'aside' },
    { id: 'G3', when: {}, leg: 'stage' },
  ],
}

/** A balancer span of this plugin holds the choice and the connect only: the upstream leg is the `(proxy)` span. */
export const kongZipkin: Family = {
  ...base,
  gate: { any: [{ attributes: { lc: 'kong' } }, { anyAttribute: 'kong.' }] },
  rules: [
    { id: 'G4', when: { name: / \(balancer try \d+\)$/ }, leg: 'stage' },
    { id: 'G4', when: { kind: client, name: / \(proxy\)$/ }, leg: 'up' },
    {
      id: 'G4',
      when: { kind: server, any: [{ attributes: { lc: 'kong' } }, { attributes: { 'kong.node.id': present } }] },
      leg: 'down',
    },
  ],
}
