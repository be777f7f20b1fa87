import { randomFrom } from '../bench/accuracy/random.ts'
import { type App, type Route } from '../bench/accuracy/simulate.ts'
import type { Proxy } from '../bench/accuracy/spans.ts'
import { world } from '../bench/accuracy/worlds.ts'

/** The same route, but every proxy told otherwise, or not there. */
export function through(route: Route, change: (proxy: Proxy) => Proxy | null): Route {
  const proxies = route.proxies.map(change).filter((proxy) => proxy !== null)
  const to: Route['to'] = Array.isArray(route.to)
    ? (route.to as readonly Route[]).map((inner) => through(inner, change))
    : appThrough(route.to as App, change)
  return { proxies, to }
}
const appThrough = (app: App, change: (proxy: Proxy) => Proxy | null): App => ({
  ...app,
  calls: app.calls.map((group) => group.map((route) => through(route, change))),
})

/** Requests that Node and NGINX, whose clocks are coarse, have no part in, and that began at a client. */
export function requestsOf(seed: number, count: number) {
  const random = randomFrom(seed)
  const { request } = world('w', random)
  const found: { route: Route; client: NonNullable<ReturnType<typeof request>['client']>; seed: number }[] = []
  while (found.length < count) {
    const { route, client } = request(random)
    const text = JSON.stringify(route)
    if (client && !/"cuts"/.test(text)) found.push({ route, client, seed: random.below(2 ** 31) })
  }
  return found
}

export const withoutSidecars = (proxy: Proxy): Proxy | null => (proxy.role.startsWith('sidecar') ? null : proxy)
