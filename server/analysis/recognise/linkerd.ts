import { SpanKind, type SpanInput } from '../types.ts'
import type { Family } from './family.ts'
import { present } from './pattern.ts'
import { podOwner, type ProcessFacts } from './process.ts'

/**
 * Linkerd: two spans a proxy with equal attributes, told apart by their kind (rules L1, L2 of proxy-spans.md 2.2). Both
 * end with the response's headers, so what lies between them is the proxy's own time all the same.
 */
const { server, client } = SpanKind

export const linkerd: Family = {
  family: 'linkerd',
  product: 'linkerd',
  oneCall: true,
  // It sends no span without an answer: with a code and without a CLIENT span it answered itself.
  localReply: { attributes: { 'http.response.status_code': /^[45]\d\d$/ } },
  gate: {
    attributes: { direction: /^(in|out)bound$/ },
    any: [
      { resource: { 'k8s.container.name': 'linkerd-proxy' } },
      { anyResource: 'linkerd.io/' },
      { resource: { 'service.name': /linkerd-proxy/ } },
      { resource: { 'process.start_timestamp': present } },
    ],
  },
  rules: [
    { id: 'L1', when: { kind: server, attributes: { direction: 'inbound' } }, leg: 'down', role: 'sidecar-inbound' },
    { id: 'L1', when: { kind: server }, leg: 'down', role: 'sidecar-outbound' },
    { id: 'L2', when: { kind: client, attributes: { direction: 'inbound' } }, leg: 'up', role: 'sidecar-inbound' },
    { id: 'L2', when: { kind: client }, leg: 'up', role: 'sidecar-outbound' },
  ],
  identity,
}

const owner = /^linkerd\.io\/proxy-(deployment|statefulset|daemonset|replicaset|replicationcontroller|job|cronjob)$/

function identity(span: SpanInput, process: ProcessFacts): Partial<ProcessFacts> {
  const { attributes } = span.resource
  const namespace = attributes.get('linkerd.io/workload-ns') || process.namespace
  // The proxy's host name is that of its pod.
  const pod = attributes.get('k8s.pod.name') || attributes.get('host.name') || ''
  let workload = process.workload
  for (const [key, value] of attributes) if (!workload && owner.test(key)) workload = value
  return {
    namespace,
    workload: workload || podOwner(pod) || process.service.replace(/-linkerd-proxy$/, ''),
    pod: pod && `${pod}.${namespace}`,
    machine: process.machine.startsWith('host.name ') ? '' : process.machine,
    node: process.machine.startsWith('host.name ') ? '' : process.node,
  }
}
