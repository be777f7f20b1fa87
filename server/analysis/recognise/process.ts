import type { Attributes, ResourceInput } from '../types.ts'

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
}

const first = (attributes: Attributes, ...keys: string[]): string => {
  for (const key of keys) {
    const value = attributes.get(key)
    if (value) return value
  }
  return ''
}

/** Suffixes that a replica set and its pods, a daemon set, or a stateful set give a name. */
const podSuffix = /(-[a-z0-9]{6,10})?-([a-z0-9]{5}|\d+)$/

/** `<workload>-<replica set hash>-<pod hash>`, `<workload>-<pod hash>` (daemon set), `<workload>-<ordinal>`. */
export const podOwner = (pod: string): string => pod.replace(podSuffix, '') || pod

/** Names of pods that a replica set made. */
export const generatedPodName = /-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/

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
  const podName = first(a, 'k8s.pod.name')
  const namespace = first(a, 'k8s.namespace.name', 'service.namespace')
  const hostName = first(a, 'host.name')
  const node = first(a, 'k8s.node.name', 'k8s.node.uid')
  const hostNameIsPod = hostName === '' || hostName === podName || generatedPodName.test(hostName)
  const hostId = first(a, 'host.id')
  return {
    service: first(a, 'service.name'),
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
  }
}
