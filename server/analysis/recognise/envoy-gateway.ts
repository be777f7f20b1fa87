import type { ProcessFacts } from './process.ts'
import type { SpanInput } from '../types.ts'
import { cluster, envoyBase } from './envoy.ts'
import type { Family } from './family.ts'
import { attribute } from './pattern.ts'

/** Envoy Gateway: clusters are named after the route (E10), the service `<gateway>.<namespace>`. */
export const envoyGateway: Family = {
  ...envoyBase,
  product: 'envoy-gateway',
  rules: [{ id: 'E10', when: cluster(/^(http|grpc|tcp|tls|udp)route\//), leg: 'down' }],
  identity,
}

function identity(span: SpanInput, process: ProcessFacts): Partial<ProcessFacts> {
  const [, gateway = '', namespace = ''] = /^(.+)\.([^.]+)$/.exec(process.service) ?? []
  const pod = attribute(span, 'node_id') ?? ''
  return {
    namespace: process.namespace || namespace,
    workload: process.workload || gateway || process.service,
    instance: pod || process.instance,
    pod: process.pod || (pod && namespace ? `${pod}.${process.namespace || namespace}` : ''),
  }
}
