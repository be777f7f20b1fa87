import type { Node } from './node.ts'
import { sameMachine } from './clock/domain.ts'
import { attribute } from './recognise/pattern.ts'
import type { Role } from './types.ts'

/** Role of a traversal's outermost span: what its neighbours settle where the span alone does not (proxy-spans.md 2.1). */
export function roleOf(node: Node): Role {
  switch (node.emitter.settle) {
    case 'client':
      return settleClient(node)
    case 'server':
      return settleServer(node)
    case 'proxy-behind':
      return hasOnlyProxiesBehind(node) ? 'gateway' : node.emitter.role
    case null:
      return node.emitter.role
  }
}

/** E13: a sidecar stands with the application that calls through it; else it is a gateway of an old configuration. */
function settleClient(node: Node): Role {
  const { parent } = node
  return parent !== null && parent.leg === 'app' && near(node, parent) ? 'sidecar-outbound' : 'gateway'
}

/** E12: a sidecar stands before one application, in its pod, or on its machine and not at the edge. */
function settleServer(node: Node): Role {
  const apps = node.children.filter((child) => child.leg === 'app')
  const [app] = apps
  if (app === undefined || apps.length > 1) return 'gateway'
  if (samePod(node, app)) return 'sidecar-inbound'
  return node.parent !== null && node.children.length === 1 && near(node, app) ? 'sidecar-inbound' : 'gateway'
}

const samePod = ({ emitter: a }: Node, { emitter: b }: Node) =>
  (a.pod !== '' && a.pod === b.pod) || (a.podIp !== '' && a.podIp === b.podIp)

const near = (a: Node, b: Node) =>
  sameMachine(a, b) && (a.emitter.pod === '' || b.emitter.pod === '' || a.emitter.pod === b.emitter.pod)

/** E6: other proxies answer a gateway of the mesh, the application answers its sidecar. */
function hasOnlyProxiesBehind({ children, emitter }: Node): boolean {
  const proxies = children.filter((child) => child.leg === 'down' && child.emitter.instance !== emitter.instance)
  return proxies.length > 0 && proxies.length === children.length
}

/** E2a: an egress or east-west gateway says so in its name, or an outbound sidecar sends to it. */
export function isEgress({ emitter, input, parent }: Node): boolean {
  if (emitter.rule !== 'E2') return false
  return (
    (attribute(input, 'istio.canonical_service') ?? '').includes('egressgateway') ||
    emitter.service.includes('egressgateway') ||
    parent?.traversal?.role === 'sidecar-outbound'
  )
}
