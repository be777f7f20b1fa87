import { SpanKind, type SpanInput } from '../types.ts'
import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'
import { attribute } from './pattern.ts'
import type { ProcessFacts } from './process.ts'

/** Consul Connect (E9). With Zipkin the service name of a proxy is the application's own, so it never decides. */
const gateway = /(^|-)(api|ingress|mesh|terminating)-gateway/
const sidecar = /-sidecar-proxy(-\d+)?$/

export const consul: Family = {
  ...envoyBase,
  product: 'consul',
  rules: [
    // Before E9, whose cluster test holds for gateways too.
    { id: 'E9b', when: { attributes: { node_id: gateway }, ...cluster(/\.consul;?$/) }, leg: 'down' },
    { id: 'E9', when: cluster(/^local_app;?$/), leg: 'down', role: 'sidecar-inbound' },
    {
      id: 'E9',
      when: { kind: SpanKind.server, any: [{ attributes: { node_id: sidecar } }, cluster(/\.consul;?$/)] },
      leg: 'down',
      role: 'sidecar-inbound',
    },
    {
      id: 'E9',
      when: { any: [{ attributes: { node_id: sidecar } }, cluster(/\.consul;?$/)] },
      leg: 'down',
      role: 'sidecar-outbound',
    },
  ],
  identity,
}

/** A node id is `<service>-sidecar-proxy`; the node's cluster, Zipkin's service name, is the service. */
function identity(span: SpanInput, process: ProcessFacts): Partial<ProcessFacts> {
  const nodeId = attribute(span, 'node_id') ?? ''
  const service = process.service.startsWith('unknown_service') ? '' : process.service
  return {
    workload: process.workload || service || nodeId.replace(sidecar, '') || process.service,
    instance: nodeId || process.instance,
  }
}
