/** The counts beside a headline. */
import type { HopItem, ProxyItem } from '../../../server/api/contract-measurements.ts'
import { msOf } from '../format/time.ts'
import { count, percent, perSecond } from '../format/number.ts'
import { sampledInWords } from '../ledger/rows.ts'

export interface Stat {
  readonly name: string
  readonly value: string
  /** Quiet, behind the value. */
  readonly detail?: string
  readonly title?: string
}

interface Window {
  readonly from: string
  readonly to: string
}

/** Of no requests there is no share. */
const shareOf = ({ requests }: { requests: number }, share: number) => (requests > 0 ? percent(share) : '–')

export function proxyStats(proxy: ProxyItem & Window): Stat[] {
  const { retry, coverage } = proxy
  return [
    ...traffic(proxy),
    {
      name: 'retried',
      value: shareOf(proxy, retry.rate),
      title: `${count(retry.requests)} requests with more than one attempt`,
    },
    {
      name: 'coverage',
      value: shareOf(proxy, coverage),
      title: 'Share of the requests whose added time is known at any level',
    },
  ]
}

export function hopStats(hop: HopItem & Window): Stat[] {
  const { coverage } = hop.transit
  return [
    ...traffic(hop),
    { name: 'coverage', value: shareOf(hop, coverage), title: 'Share of the requests whose transit is known' },
  ]
}

function traffic(
  of: Window & { requests: number; population?: number | undefined; errors: number; errorRate: number },
): Stat[] {
  const windowMs = msOf(of.to) - msOf(of.from)
  const requests = of.population ?? of.requests
  const sampled = sampledInWords(of)
  return [
    {
      name: sampled ? 'requests, weighted' : 'requests',
      value: sampled ? `≈ ${count(requests)}` : count(requests),
      detail: perSecond(requests, windowMs),
      ...(sampled && { title: sampled }),
    },
    { name: 'errors', value: shareOf(of, of.errorRate), title: `${count(of.errors)} requests failed` },
  ]
}
