import type { Attributes, ProxyIdentity, ResourceInput, Role, SpanInput } from '../types.ts'

/** Which side of one traversal a span describes (proxy-spans.md section 2). `body`: reading of an upstream's response. */
export type SpanLeg = 'app' | 'down' | 'up' | 'stage' | 'body'

/** What the resource says about the process that emitted a span; '' where it does not say. */
export interface ProcessFacts {
  readonly service: string
  readonly environment: string
  readonly cluster: string
  readonly namespace: string
  readonly workload: string
  readonly version: string
  readonly instance: string
  readonly node: string
  readonly zone: string
  /** pod.namespace, or '' */
  readonly pod: string
  readonly podIp: string
  /** Key of the machine's clock, '' when the resource alone does not tell (algorithms.md 1.1). */
  readonly machine: string
  readonly language: string
  readonly webengine: string
  readonly sdk: string
}

/** Everything known of a span's emitter and of the part the span plays, without looking at other spans. */
export interface Emitter extends ProcessFacts {
  /** '' for applications. */
  readonly family: string
  readonly leg: SpanLeg
  /** null: the parent or the neighbours decide. */
  readonly role: Role | null
  /** Emitter slack σ in ns: how much later than the packet a SERVER span may end (1.3). */
  readonly slack: number
  /** Grid of starts in ns (1.3): durations are exact all the same. */
  readonly grid: number
  /** The SERVER span starts late, so differences to it are upper bounds only (D4b). */
  readonly lateStart: boolean
  /** Attribute opentracing.ref_type is follows_from: never awaited (1.2 step 5). */
  readonly followsFrom: boolean
  /** Filled by identity.ts and shape.ts: what they derive from an emitter, derived once. */
  readonly memo: EmitterMemo
}

export interface EmitterMemo {
  identity: ProxyIdentity | null
  readonly hops: HopMemo[]
  /** 32-bit hash of (service, name, role) by span name. */
  readonly shapes: Map<string, number>
}

/** Words of a hop whose callee (or last proxy) has this emitter. */
export interface HopMemo {
  readonly kind: string
  readonly caller: string
  readonly callee: string
  readonly via: readonly string[]
  readonly hopId: string
}

/** Attribute of a span: its own wins over the interned set; '' counts as absent (Envoy sends empty tags). */
export function attribute(span: SpanInput, key: string): string | undefined {
  return (span.attributes.get(key) ?? span.attributeSet.get(key)) || undefined
}

const first = (attributes: Attributes, ...keys: string[]): string => {
  for (const key of keys) {
    const value = attributes.get(key)
    if (value) return value
  }
  return ''
}

/** `<workload>-<replica set hash>-<pod hash>`, `<workload>-<pod hash>` (daemon set), `<workload>-<ordinal>`. */
export const podOwner = (pod: string): string => pod.replace(/(-[a-z0-9]{6,10})?-([a-z0-9]{5}|\d+)$/, '') || pod

/** Names of pods that a replica set or a daemon set made. */
const generatedPodName = /-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/

const processes = new WeakMap<ResourceInput, ProcessFacts>()

export function processFacts(resource: ResourceInput): ProcessFacts {
  let facts = processes.get(resource)
  if (!facts) {
    facts = readProcess(resource.attributes)
    processes.set(resource, facts)
  }
  return facts
}

function readProcess(a: Attributes): ProcessFacts {
  const service = first(a, 'service.name')
  const podName = first(a, 'k8s.pod.name')
  const namespace = first(a, 'k8s.namespace.name', 'service.namespace')
  const hostName = first(a, 'host.name')
  const node = first(a, 'k8s.node.name', 'k8s.node.uid')
  const hostNameIsPod = hostName === '' || hostName === podName || generatedPodName.test(hostName)
  const hostId = first(a, 'host.id')
  return {
    service,
    environment: first(a, 'deployment.environment.name', 'deployment.environment'),
    cluster: first(a, 'k8s.cluster.name'),
    namespace,
    workload: first(a, 'k8s.deployment.name', 'k8s.statefulset.name', 'k8s.daemonset.name', 'k8s.job.name'),
    version: first(a, 'service.version'),
    instance: first(a, 'service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'host.name'),
    node: node || hostId || (hostNameIsPod ? '' : hostName),
    zone: first(a, 'cloud.availability_zone', 'topology.kubernetes.io/zone'),
    pod: podName && `${podName}.${namespace}`,
    podIp: first(a, 'k8s.pod.ip'),
    // The node before host.id, other than in algorithms.md 1.1: containers of one image often carry the image's machine id.
    machine: node
      ? `node ${first(a, 'k8s.node.uid', 'k8s.node.name')}`
      : hostId
        ? `host.id ${hostId}`
        : hostNameIsPod
          ? ''
          : `host.name ${hostName}`,
    language: first(a, 'telemetry.sdk.language'),
    webengine: first(a, 'webengine.name'),
    sdk: first(a, 'telemetry.sdk.name'),
  }
}
