import type { HopList, ProxyList } from '../../server/api/contract-measurements.ts'
import type { TraceList } from '../../server/api/contract-catalogue.ts'

/** A screen by its name in web/src/routes.ts, and an address where it has something to show. */
export interface Screen {
  readonly name: string
  readonly path: string
  /** It asks for nothing before it stands: never loading, never failing. */
  readonly asksNothing?: boolean
}

export const emptyScreens: readonly Screen[] = [
  { name: 'Overview', path: '/' },
  { name: 'Map', path: '/map' },
  { name: 'Hops', path: '/hops' },
  { name: 'Explore', path: '/explore' },
  { name: 'Traces', path: '/traces' },
  { name: 'Compare', path: '/compare' },
  { name: 'Data', path: '/data' },
]

/** Those of alerts: they do not look at the page's range. */
export const alertScreens: readonly Screen[] = [
  { name: 'Alerts', path: '/alerts' },
  { name: 'AlertRules', path: '/alerts/rules' },
  { name: 'AlertRule', path: '/alerts/rules/new', asksNothing: true },
  { name: 'AlertTargets', path: '/alerts/targets' },
  { name: 'AlertLog', path: '/alerts/log' },
]

/** Every screen of a hopscope with data; those about one thing are about a busy one. */
export async function screensWithData(apiUrl: string): Promise<Screen[]> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }
  const { items: hops } = await get<HopList>('/hops')
  const { items: proxies } = await get<ProxyList>('/proxies')
  const { items: traces } = await get<TraceList>('/traces?limit=200')
  const hop = hops.toSorted((a, b) => b.via.length - a.via.length || b.requests - a.requests)[0]
  const proxy = proxies.toSorted((a, b) => b.requests - a.requests)[0]
  const trace = traces.toSorted((a, b) => b.spanCount - a.spanCount)[0]
  return [
    ...emptyScreens.filter(({ name }) => name !== 'Compare'),
    { name: 'Compare', path: `/compare?a=proxy+%3D+${proxy?.id}&b=callee+%3D+${proxy?.workload}&measure=added` },
    { name: 'Hop', path: `/hops/${hop?.id}` },
    { name: 'Proxy', path: `/proxies/${proxy?.id}` },
    { name: 'Trace', path: `/traces/${trace?.traceId}` },
  ]
}
