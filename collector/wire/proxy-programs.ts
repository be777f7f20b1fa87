/** Which processes and containers are those of a proxy, by what their resource says of them. */

/** Programs by the words that name them: an executable, a container, or an image without its path and tag. */
const programs: Readonly<Record<string, readonly string[]>> = {
  envoy: [
    ...['envoy', 'istio-proxy', 'proxyv2', 'gateway-proxy', 'kuma-sidecar', 'kuma-dp', 'kuma-gateway', 'envoy-sidecar'],
    ...['consul-dataplane', 'ambassador', 'emissary', 'contour-envoy'],
  ],
  krakend: ['krakend', 'krakend-ee', 'krakend-ce'],
  linkerd: ['linkerd-proxy', 'linkerd2-proxy'],
  nginx: ['nginx', 'openresty', 'kong', 'kong-gateway', 'apisix', 'nginx-ingress-controller', 'nginx-ingress'],
  ...Object.fromEntries(['traefik', 'caddy', 'tyk', 'dapr', 'haproxy', 'ztunnel', 'yarp'].map((one) => [one, [one]])),
  'apollo-router': ['apollo-router'],
  'cosmo-router': ['cosmo-router'],
}
const programOf = new Map([
  ...Object.entries(programs).flatMap(([program, words]) => words.map((word) => [word, program] as const)),
  ['daprd', 'dapr'],
  ['tyk-gateway', 'tyk'],
])

/** Whoever knows better says so with this attribute of the resource. */
export const ownWord = 'hopscope.proxy'

/**
 * The program that a resource is a process or container of; '' for a proxy of no known program, undefined where nothing says that it
 * is one. Of a whole pod only `hopscope.proxy` says it: what a pod takes may be mostly the application's.
 */
export function proxyProgram(attributes: ReadonlyMap<string, string>, ofPod: boolean): string | undefined {
  const own = attributes.get(ownWord)
  if (own) return programOf.get(own) ?? ''
  if (ofPod) return undefined
  for (const key of ['k8s.container.name', 'container.name', 'process.executable.name', 'container.image.name']) {
    const [word = ''] = (attributes.get(key)?.split('/').at(-1) ?? '').toLowerCase().split(/[:@]/)
    const program = programOf.get(word)
    if (program !== undefined) return program
  }
  return undefined
}

const naming = [
  ...['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'container.id', 'container.name', 'host.name', 'host.id'],
  'service.name',
]

const longestName = 256

/** What the instance of a proxy may be called in its spans, each once. */
export const namesOf = (attributes: ReadonlyMap<string, string>): string[] => [
  ...new Set(naming.flatMap((key) => attributes.get(key)?.slice(0, longestName) || [])),
]
