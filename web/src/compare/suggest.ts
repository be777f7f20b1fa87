/** What may be worth comparing, from what there is: a first click instead of two filters to write. */
import type { ProxyItem } from '../../../server/api/contract-measurements.ts'
import { roleWord } from '../format/roles.ts'
import type { Asked } from './state.ts'

export interface Suggestion {
  readonly text: string
  readonly why: string
  readonly asked: Partial<Asked>
}

const most = 4
const its = ({ id }: ProxyItem) => `proxy = ${id}`

/** Pairs of the busiest gateways first, then each of the busiest proxies with itself before. */
export function suggestions(items: readonly ProxyItem[]): Suggestion[] {
  const proxies = [...items].sort((a, b) => b.requests - a.requests)
  const gateways = proxies.filter(({ role }) => role === 'gateway')
  const pairs = gateways
    .slice(0, most)
    .flatMap((a, i) => gateways.slice(i + 1, most).map((b) => [a, b] as const))
    .slice(0, most)
  return [
    ...pairs.map(([a, b]) => ({
      text: `${a.name} or ${b.name}`,
      why: 'which gateway is faster, by the transit of the hops through it',
      asked: { a: its(a), b: its(b), measure: 'transit' as const },
    })),
    ...proxies.slice(0, most).map((proxy) => ({
      text: `${proxy.name} (${roleWord(proxy.role)}), before and now`,
      why: 'its added time in this range and in the one before',
      asked: { a: its(proxy), b: its(proxy), measure: 'added' as const, before: true },
    })),
  ]
}
