import { SpanKind, type Role, type SpanInput } from '../types.ts'
import { attribute, podOwner, type Emitter, type ProcessFacts, type SpanLeg } from './emitter.ts'

/** Envoy and Istio: rules E0-E8, E12, E13 of proxy-spans.md 2.1. */

/** Attributes that decide what an Envoy span is; with them among a span's own, its emitter is not that of its set. */
export const envoyKeys = [
  'component',
  'node_id',
  'upstream_cluster',
  'upstream_cluster.name',
  'response_flags',
  'upstream_address',
  'istio.canonical_service',
  'istio.namespace',
  'istio.cluster_id',
  'istio.canonical_revision',
] as const

/** Gate E0. */
function isEnvoy(span: SpanInput, process: ProcessFacts): boolean {
  if (span.scope.name === 'envoy' || process.sdk === 'envoy') return true
  return (
    attribute(span, 'component') === 'proxy' &&
    (attribute(span, 'node_id') ?? attribute(span, 'upstream_cluster') ?? attribute(span, 'response_flags')) !==
      undefined
  )
}

export function recogniseEnvoy(span: SpanInput, process: ProcessFacts): Partial<Emitter> | undefined {
  if (!isEnvoy(span, process)) return undefined
  const nodeId = attribute(span, 'node_id')
  const node = nodeId ? parseNodeId(nodeId) : undefined
  const { role, leg } = roleAndLeg(span, node?.type)
  const podNamespace = node?.namespace ?? ''
  const namespace = attribute(span, 'istio.namespace') ?? (podNamespace || process.namespace)
  return {
    family: 'envoy',
    leg,
    role,
    slack: 0,
    grid: 0,
    lateStart: false,
    namespace,
    cluster: process.cluster || (attribute(span, 'istio.cluster_id') ?? ''),
    workload:
      process.workload ||
      (attribute(span, 'istio.canonical_service') ??
        (node?.pod ? podOwner(node.pod) : undefined) ??
        nodeId ??
        process.service),
    version: process.version || (attribute(span, 'istio.canonical_revision') ?? ''),
    instance: nodeId ?? process.instance,
    pod: node?.pod ? `${node.pod}.${podNamespace}` : process.pod,
    podIp: node?.ip ?? process.podIp,
  }
}

/** Istio's `type~ip~pod.namespace~domain`; the pod's name may contain dots, so the last one splits. */
function parseNodeId(nodeId: string): { type: string; ip: string; pod: string; namespace: string } | undefined {
  const parts = nodeId.split('~')
  if (parts.length < 3) return undefined
  const [type = '', ip = '', name = ''] = parts
  const dot = name.lastIndexOf('.')
  return dot < 0
    ? { type, ip, pod: name, namespace: '' }
    : { type, ip, pod: name.slice(0, dot), namespace: name.slice(dot + 1) }
}

const outboundClusters = new Set(['PassthroughCluster', 'BlackHoleCluster', 'AllowAnyDynamicDNSCluster'])

function roleAndLeg(span: SpanInput, nodeType: string | undefined): { role: Role | null; leg: SpanLeg } {
  const { name, kind } = span
  if (nodeType === undefined && !attribute(span, 'node_id') && kind === SpanKind.client) {
    if (name.startsWith('async ') && name.endsWith(' egress')) return { role: null, leg: 'stage' } // E8
    if (name.startsWith('router ') && name.endsWith(' egress')) return { role: null, leg: 'up' } // E7
    if (attribute(span, 'upstream_address')) return { role: null, leg: 'up' } // E7b, if the parent agrees
  }
  if (nodeType === 'waypoint') return { role: 'waypoint', leg: 'down' }
  if (nodeType === 'router') return { role: 'gateway', leg: 'down' }
  const cluster = attribute(span, 'upstream_cluster') ?? attribute(span, 'upstream_cluster.name')?.replace(/;$/, '')
  if (nodeType === 'sidecar') {
    if (cluster !== undefined) {
      if (/^inbound[|_]/.test(cluster) || cluster === 'InboundPassthroughCluster')
        return { role: 'sidecar-inbound', leg: 'down' }
      if (/^outbound[|_]/.test(cluster) || outboundClusters.has(cluster))
        return { role: 'sidecar-outbound', leg: 'down' }
    }
    if (name.startsWith('egress ')) return { role: 'sidecar-outbound', leg: 'down' }
    return { role: kind === SpanKind.client ? 'sidecar-outbound' : 'sidecar-inbound', leg: 'down' } // E5
  }
  return { role: null, leg: 'down' } // E12, E13: the neighbours decide
}

/**
 * Response flags with which Envoy answers a request itself without having one upstream's answer to pass on
 * (Envoy documentation, "Response Flags").
 */
const localReplyFlags = new Set('UH NR NC NFCF UO OM DO RL RLSE UAEX FI IH DPE LH DF RFCF'.split(' '))
/** The downstream went away or the idle timer ended the stream: the span does not tell how long an answer takes. */
const cutOffFlags = new Set(['DC', 'DT', 'SI'])

const hasFlag = (flags: string, set: ReadonlySet<string>) =>
  flags !== '' && flags !== '-' && flags.split(',').some((flag) => set.has(flag))

export const isLocalReply = (responseFlags: string): boolean => hasFlag(responseFlags, localReplyFlags)
export const isCutOff = (responseFlags: string): boolean => hasFlag(responseFlags, cutOffFlags)
