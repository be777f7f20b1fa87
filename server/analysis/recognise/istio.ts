import { SpanKind } from '../types.ts'
import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'

/** Istio: sidecars, gateways and ambient waypoints by their node id (rules E1-E5). ztunnel emits no spans. */
const sidecar = /^sidecar~/

export const istio: Family = {
  ...envoyBase,
  product: 'istio',
  rules: [
    { id: 'E1', when: { attributes: { node_id: /^waypoint~/ } }, leg: 'down', role: 'waypoint' },
    { id: 'E2', when: { attributes: { node_id: /^router~/ } }, leg: 'down' },
    {
      id: 'E3',
      when: { attributes: { node_id: sidecar }, ...cluster(/^(inbound[|_]|InboundPassthroughCluster;?$)/) },
      leg: 'down',
      role: 'sidecar-inbound',
    },
    {
      id: 'E4',
      when: {
        attributes: { node_id: sidecar },
        ...cluster(/^(outbound[|_]|(PassthroughCluster|BlackHoleCluster|AllowAnyDynamicDNSCluster);?$)/),
      },
      leg: 'down',
      role: 'sidecar-outbound',
    },
    // Without a route. With upstream spans switched on, an outbound span is a SERVER span too.
    {
      id: 'E5',
      when: { attributes: { node_id: sidecar }, name: /^egress / },
      leg: 'down',
      role: 'sidecar-outbound',
    },
    {
      id: 'E5',
      when: { attributes: { node_id: sidecar }, kind: SpanKind.client },
      leg: 'down',
      role: 'sidecar-outbound',
    },
    { id: 'E5', when: { attributes: { node_id: sidecar } }, leg: 'down', role: 'sidecar-inbound' },
  ],
}
