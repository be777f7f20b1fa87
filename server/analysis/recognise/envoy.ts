import { SpanKind, type SpanInput } from '../types.ts'
import type { Family } from './family.ts'
import { absent, attribute, present, type Matcher, type Pattern } from './pattern.ts'
import { podOwner, type ProcessFacts } from './process.ts'

/**
 * Envoy, whoever configures it: gate E0 of proxy-spans.md 2.1 and what all its products share. The first arm works on
 * every version; the others survive renamed tags, but exist only since Envoy 1.33 and can be switched off.
 */
const gate: Pattern = {
  any: [
    {
      attributes: { component: 'proxy' },
      any: [
        { attributes: { node_id: present } },
        { attributes: { upstream_cluster: present } },
        { attributes: { response_flags: present } },
      ],
    },
    { scope: 'envoy' },
    { resource: { 'telemetry.sdk.name': 'envoy' } },
  ],
}

/** On the cluster that was chosen; older or renamed spans have only its observability name, which ends in `;`. */
export const cluster = (test: Matcher): Pattern => ({
  any: [
    { attributes: { upstream_cluster: test } },
    { attributes: { upstream_cluster: absent, 'upstream_cluster.name': test } },
  ],
})

/** One of several response flags is among these (Envoy documentation, "Response Flags"). */
const flagged = (flags: string): Pattern => ({
  attributes: { response_flags: new RegExp(`(^|,)(${flags.replaceAll(' ', '|')})(,|$)`) },
})

const identityKeys = [
  'node_id',
  'istio.canonical_service',
  'istio.canonical_revision',
  'istio.namespace',
  'istio.cluster_id',
  'kuma.zone',
  'kuma.workload',
] as const

/** Istio's `type~ip~pod.namespace~domain`; the pod's name may contain dots, so the last one splits. */
export function parseNodeId(nodeId: string): { type: string; ip: string; pod: string; namespace: string } | undefined {
  const parts = nodeId.split('~')
  if (parts.length < 3) return undefined
  const [type = '', ip = '', name = ''] = parts
  const dot = name.lastIndexOf('.')
  return dot < 0
    ? { type, ip, pod: name, namespace: '' }
    : { type, ip, pod: name.slice(0, dot), namespace: name.slice(dot + 1) }
}

/** A name that the operator chose; Envoy's default says nothing. */
const chosen = (service: string) => (service.startsWith('unknown_service') ? '' : service)

function identity(span: SpanInput, process: ProcessFacts): Partial<ProcessFacts> {
  const nodeId = attribute(span, 'node_id') ?? ''
  const node = parseNodeId(nodeId)
  const canonical = attribute(span, 'istio.canonical_service')
  return {
    namespace: attribute(span, 'istio.namespace') ?? (node?.namespace || process.namespace),
    cluster: process.cluster || (attribute(span, 'istio.cluster_id') ?? ''),
    workload:
      process.workload ||
      (canonical ?? (node ? podOwner(node.pod) : chosen(process.service) || podOwner(nodeId) || process.service)),
    version: process.version || (attribute(span, 'istio.canonical_revision') ?? ''),
    instance: nodeId || process.instance,
    pod: node?.pod ? `${node.pod}.${node.namespace}` : process.pod,
    podIp: node?.ip ?? process.podIp,
  }
}

/** What every product of Envoy has in common. */
export const envoyBase = {
  family: 'envoy',
  gate,
  oneCall: true,
  slack: 0,
  localReply: flagged('UH NR NC NFCF UO OM DO RL RLSE UAEX FI IH DPE LH DF RFCF'),
  cutOff: flagged('DC DT SI'),
  identityKeys,
  identity,
} as const satisfies Partial<Family>

/** Inner spans. They name no node: the proxy is that of the span above. */
export const envoyInner: Family = {
  ...envoyBase,
  product: 'envoy',
  rules: [
    {
      id: 'E7',
      when: { kind: SpanKind.client, name: /^router inbound[|_].* egress$/, attributes: { node_id: absent } },
      leg: 'up',
      role: 'sidecar-inbound',
    },
    {
      id: 'E7',
      when: { kind: SpanKind.client, name: /^router .+ egress$/, attributes: { node_id: absent } },
      leg: 'up',
    },
    {
      id: 'E8',
      when: { kind: SpanKind.client, name: /^async .+ egress$/, attributes: { node_id: absent } },
      leg: 'aside',
    },
    {
      id: 'E7b',
      when: { kind: SpanKind.client, attributes: { node_id: absent, upstream_address: present } },
      leg: 'up',
      settle: 'client',
      alone: 'down',
    },
  ],
}

/** Envoy of nobody we know: the neighbours decide. */
export const envoy: Family = {
  ...envoyBase,
  product: 'envoy',
  rules: [
    { id: 'E13', when: { kind: SpanKind.client }, leg: 'down', settle: 'client' },
    { id: 'E12', when: {}, leg: 'down', settle: 'server' },
  ],
}
