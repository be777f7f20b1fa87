/** Which events belong on a page, and what they say. */
import type { EventItem } from '../../../server/api/contract-events.ts'
import type { Mark } from '../charts/marks.ts'
import { msOf } from '../format/time.ts'

/** What a page is about; left out: everything. */
export interface About {
  readonly services?: readonly string[]
  readonly proxies?: readonly string[]
}

const places = ['environment', 'cluster', 'namespace'] as const

/**
 * A version that was seen belongs to its proxy or application. What was told belongs everywhere unless its labels name a service.
 * An event of another place than the one chosen is not shown.
 * @param chosen the scope: `''` where nothing is chosen.
 */
export function eventsOn(
  items: readonly EventItem[],
  { services, proxies }: About,
  chosen: (place: (typeof places)[number]) => string,
): EventItem[] {
  const isAll = services === undefined && proxies === undefined
  return items.filter(({ source, proxyId, labels }) => {
    if (places.some((place) => chosen(place) !== '' && labels[place] !== undefined && labels[place] !== chosen(place)))
      return false
    if (isAll) return true
    if (proxyId !== null) return proxies?.includes(proxyId) ?? false
    const { service } = labels
    return service === undefined ? source === 'told' : (services?.includes(service) ?? false)
  })
}

export const marksOf = (items: readonly EventItem[]): Mark[] =>
  // A proxy and its application get a new version at once.
  items
    .filter(({ title }, i) => items.findIndex((other) => other.title === title) === i)
    .map(({ title, atUnixNano }) => ({ ms: msOf(atUnixNano), title }))

/** `new version, before v1`; `deploy`. */
export function eventInWords({ source, kind, labels }: EventItem): string {
  if (source === 'seen') return `new version, ${labels['before'] ?? ''} before`
  return kind
}
