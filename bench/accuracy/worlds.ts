import type { Random } from './random.ts'
import type { App, Route } from './simulate.ts'
import { appProcess, proxyProcess, type Proxy, type Sdk, type Sends } from './spans.ts'

/** A shop in a mesh, of names of its own so that nothing learned about one is known of another. */
export interface World {
  readonly nodes: readonly string[]
  /** A request, and who sends it with a span of its own, if anybody does. */
  request(random: Random): { route: Route; client: App['process'] | undefined }
}

const gateways: readonly (readonly [Proxy['family'], Sends])[] = [
  ['envoy', 'server + upstream'],
  ['envoy', 'one span + timing tags'],
  ['envoy', 'one span + events'],
  ['krakend', 'server + backends'],
  ['kong', 'server + upstream'],
  ['traefik', 'server + upstream'],
  ['caddy', 'one span'],
  ['nginx', 'one span + upstream time'],
]

const services = { frontend: 'go', orders: 'flask', payments: 'node', stock: 'go', legacy: 'none' } as const
type Service = keyof typeof services

/** @param prefix of the names of its workloads and nodes. */
export function world(prefix: string, random: Random): World {
  const nodes = Array.from({ length: 4 }, (_, i) => `${prefix}-node-${i}`)
  const replicas = Object.fromEntries(
    Object.entries(services).map(([service, sdk]) => [service, [0, 1].map(() => pod(service, sdk))]),
  ) as Record<Service, Pod[]>
  const web = appProcess('go', `${prefix}-web`, `${prefix}-web-0`, nodes[0]!)
  const edges = gateways.map(([family, sends], i) => edge(family, sends, nodes[i % nodes.length]!))
  const ztunnels = nodes.map((node) => ztunnel(node))
  const waypointNode = nodes[1]!

  function pod(service: string, sdk: Sdk) {
    const [workload, node] = [`${prefix}-${service}`, random.pick(nodes)]
    const name = `${workload}-7d9c6b5f4-${random.pick(['b', 'c', 'd'])}${random.below(10)}x2k`
    const sends: Sends = service === 'stock' ? 'server + upstream' : 'one span'
    const sidecar = (role: 'sidecar-inbound' | 'sidecar-outbound'): Proxy => {
      return { family: 'envoy', sends, role, workload, process: proxyProcess('envoy', workload, name, node) }
    }
    return {
      sdk,
      node,
      process: appProcess(sdk, workload, name, node),
      inbound: sidecar('sidecar-inbound'),
      outbound: sidecar('sidecar-outbound'),
    }
  }
  function edge(family: Proxy['family'], sends: Sends, node: string): Proxy {
    const workload = `${prefix}-${family}-${sends.replaceAll(/\W+/g, '-')}`
    return { family, sends, role: 'gateway', workload, process: proxyProcess(family, workload, `${workload}-0`, node) }
  }
  function ztunnel(node: string): Proxy {
    const process = { emitter: 'ztunnel', node, resource: {}, scope: '' }
    return { family: 'ztunnel', sends: 'nothing', role: 'waypoint', workload: `${prefix}-ztunnel`, process }
  }

  return {
    nodes,
    request(random) {
      const isAmbient = random.chance(0.25)
      const routeTo = (service: Service, from: Pod | undefined): Route => {
        const to = random.pick(replicas[service])
        const app: App = { sdk: to.sdk, process: to.process, calls: callsOf(service, to) }
        if (!isAmbient) return { proxies: [...(from ? [from.outbound] : []), to.inbound], to: app }
        const workload = `${prefix}-${service}-waypoint`
        const process = proxyProcess('envoy', workload, `${workload}-0`, waypointNode)
        const waypoint: Proxy = { family: 'envoy', sends: 'one span', role: 'waypoint', workload, process }
        const tunnel = (node: string) => ztunnels[nodes.indexOf(node)]!
        return { proxies: [...(from ? [tunnel(from.node)] : []), waypoint, tunnel(to.node)], to: app }
      }
      const callsOf = (service: Service, at: Pod): Route[][] => {
        if (service === 'orders') return [[routeTo('payments', at)]]
        if (service !== 'frontend') return []
        const second: Service = random.pick(['payments', 'stock', 'legacy'])
        return random.chance(0.5)
          ? [[routeTo('orders', at), routeTo('stock', at)]]
          : [[routeTo('stock', at)], [routeTo(second, at)]]
      }
      const gateway = random.pick(edges)
      const fansOut = gateway.family === 'krakend' && random.chance(0.5)
      const to = fansOut ? [routeTo('frontend', undefined), routeTo('stock', undefined)] : undefined
      const single = routeTo('frontend', undefined)
      const route = to ? { proxies: [gateway], to } : { ...single, proxies: [gateway, ...single.proxies] }
      return { route, client: random.chance(0.7) ? web : undefined }
    },
  }
}

interface Pod {
  readonly sdk: Sdk
  readonly node: string
  readonly process: App['process']
  readonly inbound: Proxy
  readonly outbound: Proxy
}
