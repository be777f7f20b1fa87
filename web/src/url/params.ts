/**
 * The query of an address, as pure functions. Every address that holds state says `v=1`, so that a later release can
 * read old links; keys this release does not know are kept.
 */
export const version = '1'

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
  // Readable links: a colon and a comma need no escape in a query.
  return `?${params.toString().replaceAll('%3A', ':').replaceAll('%2C', ',')}`
}

/** What stays when another screen is opened: the range and the scope, not what was selected there. */
const carried = ['from', 'to', 'environment', 'cluster', 'namespace']

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
  return said !== null && said !== version
}
