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

export function proxyStats(proxy: ProxyItem & Window): Stat[] {
  const { retry, coverage } = proxy
  return [
    ...traffic(proxy),
    {
      name: 'retried',
      value: percent(retry.rate),
      title: `${count(retry.requests)} requests with more than one attempt`,
    },
    {
      name: 'coverage',
      value: percent(coverage),
      title: 'Share of the requests whose added time is known at any level',
    },
  ]
}

export function hopStats(hop: HopItem & Window): Stat[] {
  const { coverage } = hop.transit
  return [
    ...traffic(hop),
    { name: 'coverage', value: percent(coverage), title: 'Share of the requests whose transit is known' },
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
    { name: 'errors', value: percent(of.errorRate), title: `${count(of.errors)} requests failed` },
  ]
}
