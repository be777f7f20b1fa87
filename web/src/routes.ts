/**
 * The screens and their addresses. Each is a file `screens/NAME.svelte` that becomes a chunk of its own; a line here whose file
 * does not exist leads nowhere and is not offered.
 */
import type { Component } from 'svelte'
import type { IconName } from './components/Icon.svelte'

export interface ScreenProps {
  /** What the address names: `id` of a hop or proxy, `traceId`. */
  params: Readonly<Record<string, string>>
}

type Load = () => Promise<{ default: Component<ScreenProps> }>

export interface Route {
  readonly screen: string
  /** A segment that begins with a colon is a parameter. */
  readonly pattern: string
  /** Of the navigation; a screen without it belongs to `under`. */
  readonly nav?: { readonly text: string; readonly icon: IconName; readonly key: string }
  readonly under?: string
  /** Its params change while the screen stays: one of a list is chosen by its address. */
  readonly stays?: boolean
}

export const routes: readonly Route[] = [
  { screen: 'Overview', pattern: '/', nav: { text: 'Overview', icon: 'overview', key: 'o' } },
  { screen: 'Map', pattern: '/map', nav: { text: 'Map', icon: 'map', key: 'm' } },
  { screen: 'Hops', pattern: '/hops', nav: { text: 'Hops', icon: 'hops', key: 'h' } },
  { screen: 'Hop', pattern: '/hops/:id', under: '/hops' },
  { screen: 'Proxy', pattern: '/proxies/:id', under: '/hops' },
  { screen: 'Explore', pattern: '/explore', nav: { text: 'Explore', icon: 'explore', key: 'x' } },
  { screen: 'Traces', pattern: '/traces', nav: { text: 'Traces', icon: 'traces', key: 't' } },
  { screen: 'TraceFile', pattern: '/traces/import', under: '/traces' },
  { screen: 'Trace', pattern: '/traces/:traceId', under: '/traces' },
  { screen: 'Compare', pattern: '/compare', nav: { text: 'Compare', icon: 'compare', key: 'c' } },
  { screen: 'WhatIf', pattern: '/what-if', under: '/compare' },
  { screen: 'Claims', pattern: '/claims', under: '/compare' },
  { screen: 'Alerts', pattern: '/alerts', nav: { text: 'Alerts', icon: 'bell', key: 'a' }, stays: true },
  { screen: 'AlertRules', pattern: '/alerts/rules', under: '/alerts' },
  { screen: 'AlertRule', pattern: '/alerts/rules/:id', under: '/alerts' },
  { screen: 'AlertTargets', pattern: '/alerts/targets', under: '/alerts' },
  { screen: 'AlertLog', pattern: '/alerts/log', under: '/alerts' },
  { screen: 'Alerts', pattern: '/alerts/:id', under: '/alerts', stays: true },
  { screen: 'Data', pattern: '/data', nav: { text: 'Data', icon: 'data', key: 'd' } },
]

const files = import.meta.glob<{ default: Component<ScreenProps> }>('./screens/*.svelte')

export function loaderOf(route: Route): Load | undefined {
  return files[`./screens/${route.screen}.svelte`]
}

export const offered = routes.filter((route) => route.nav && loaderOf(route))

export interface Match {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

export function matchRoute(path: string): Match | undefined {
  const said = segmentsOf(path)
  for (const route of routes) {
    const wanted = segmentsOf(route.pattern)
    if (wanted.length !== said.length) continue
    const params: Record<string, string> = {}
    const fits = wanted.every((segment, i) => {
      const value = said[i] ?? ''
      if (!segment.startsWith(':')) return segment === value
      params[segment.slice(1)] = value
      return value !== ''
    })
    if (fits) return { route, params }
  }
  return undefined
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter(Boolean)
    .map((segment) => {
      try {
        return decodeURIComponent(segment)
      } catch {
        return segment
      }
    })
}
