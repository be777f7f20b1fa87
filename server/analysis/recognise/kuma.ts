import { SpanKind, type SpanInput } from '../types.ts'
import { envoyBase } from './envoy.ts'
import type { Family } from './family.ts'
import { attribute, present } from './pattern.ts'
import { podOwner, type ProcessFacts } from './process.ts'

/** Kuma and Kong Mesh: the kind tells the direction; a dataplane without an application behind it is a gateway (E6). */
const mesh = { 'kuma.mesh': present } as const

export const kuma: Family = {
  ...envoyBase,
  product: 'kuma',
  rules: [
    { id: 'E6', when: { attributes: { ...mesh, node_id: /gateway/i } }, leg: 'down' },
    {
      id: 'E6',
      when: { kind: SpanKind.client, attributes: mesh },
      leg: 'down',
      role: 'sidecar-outbound',
    },
    { id: 'E6', when: { attributes: mesh }, leg: 'down', role: 'sidecar-inbound', settle: 'proxy-behind' },
  ],
  identity,
}

/** `<workload>_<namespace>_svc_<port>`, Kuma's service tag on Kubernetes. */
const serviceTag = /^(.+)_([^_]+)_svc(_\d+)?$/

/** A node id is `<mesh>.<dataplane>`; on Kubernetes the dataplane is `<pod>.<namespace>`. */
function identity(span: SpanInput, process: ProcessFacts): Partial<ProcessFacts> {
  const nodeId = attribute(span, 'node_id') ?? ''
  const [, dataplane = ''] = /^[^.]+\.(.+)$/.exec(nodeId) ?? []
  const dot = dataplane.lastIndexOf('.')
  const pod = dot < 0 ? '' : dataplane.slice(0, dot)
  const namespace = dot < 0 ? '' : dataplane.slice(dot + 1)
  const [, service = '', serviceNamespace = ''] = serviceTag.exec(process.service) ?? []
  return {
    namespace: process.namespace || serviceNamespace || namespace,
    cluster: process.cluster || (attribute(span, 'kuma.zone') ?? ''),
    workload: process.workload || service || podOwner(pod) || process.service,
    instance: nodeId || process.instance,
    pod: pod ? `${pod}.${namespace}` : process.pod,
  }
}
