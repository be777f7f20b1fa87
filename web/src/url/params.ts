/**
 * The query of an address, as pure functions. Every address that holds state says its version, `v=2`, so that a later release can
 * read old links; keys this release does not know are kept.
 */

/** Each makes of the keys of one version those of the next: the first of `v=1` those of `v=2`. A step once released stays as it is. */
export type Upgrader = (params: URLSearchParams) => void
const upgraders: readonly Upgrader[] = [(params) => rename(params, 'as-a', 'form')]

export const version = String(upgraders.length + 1)

function rename(params: URLSearchParams, from: string, to: string): void {
  const value = params.get(from)
  params.delete(from)
  if (value !== null) params.set(to, value)
}

/** What an old link means now; a link without a version, of this or of a newer one is as it was. */
export function upgraded(search: string, steps: readonly Upgrader[] = upgraders): string {
  const params = paramsOf(search)
  const said = Number(params.get('v') ?? steps.length + 1)
  if (!Number.isInteger(said) || said < 1 || said > steps.length) return search
  params.delete('v')
  for (const step of steps.slice(said - 1)) step(params)
  params.set('v', String(steps.length + 1))
  return searchOf(params)
}

/** Readable links: a colon and a comma need no escape in a query. */
const searchOf = (params: URLSearchParams): string =>
  `?${params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')}`

export function paramsOf(search: string): URLSearchParams {
  return new URLSearchParams(search)
}

/** The query with `changes` made; null takes a key away. `''` when nothing is left to say. */
export function withParams(search: string, changes: Readonly<Record<string, string | null>>): string {
  const params = paramsOf(search)
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(key)
    else params.set(key, value)
  }
  params.delete('v')
  if (params.size === 0) return ''
  params.set('v', version)
  return searchOf(params)
}

/** What stays when another screen is opened: range, what it is compared with, percentile and scope, not what was selected there. */
const carried = ['from', 'to', 'vs', 'p', 'environment', 'cluster', 'namespace']

export function carriedOf(search: string): Record<string, string> {
  const params = paramsOf(search)
  const kept: Record<string, string> = {}
  for (const key of carried) {
    const value = params.get(key)
    if (value) kept[key] = value
  }
  return kept
}

/** A link written by a newer release may mean something else by the same keys. */
export function isFromNewerRelease(search: string): boolean {
  const said = paramsOf(search).get('v')
  return said !== null && !(Number(said) <= Number(version))
}
