/** The figure of a row among its peers: what is asked, and the answer in words. */
import type { PeerRank } from '../../../server/api/contract-peers.ts'
import { count, percent } from '../format/number.ts'
import type { Row } from './rows.ts'
import type { Measure } from './wire.ts'

export interface Peer {
  readonly of: 'hops' | 'proxies'
  readonly id: string
  readonly metric: 'transit' | 'added'
  readonly fidelity: 'exact' | 'bounded' | 'modelled'
  /** Of a bounded value its upper bound, as distributions have it. */
  readonly ns: number
}

/** null: the row's headline is no figure of a hop or proxy, or nobody knows it. */
export function peerOf(row: Row): Peer | null {
  if (row.kind === 'hop') return row.hop && peerWith('hops', row.hop.hopId, 'transit', row.hop.transit)
  const [proxy] = row.proxies
  return proxy ? peerWith('proxies', proxy.proxyId, 'added', proxy.added) : null
}

function peerWith(of: Peer['of'], id: string, metric: Peer['metric'], { ns, hiNs, fidelity }: Measure): Peer | null {
  const value = ns ?? hiNs
  return value === null || fidelity === 'unknown' ? null : { of, id, metric, fidelity, ns: value }
}

/** Below this a percentile says less than the count does. */
const leastPeers = 20

/** `p98.7`; `p98.2 … p99.1` where the bounds tell more than one percentile; `too few peers`. */
export function rankText({ n, loShare, hiShare }: Pick<PeerRank, 'n' | 'loShare' | 'hiShare'>): string {
  if (n < leastPeers || loShare === null || hiShare === null) return 'too few peers'
  const decimals = n >= 1_000 ? 1 : 0
  const at = (share: number) => `p${(share * 100).toFixed(decimals)}`
  const middle = (loShare + hiShare) / 2
  const isNarrow = hiShare - loShare <= 0.02
  if (loShare >= 1) return 'above all'
  if (hiShare <= 0) return 'below all'
  return isNarrow ? at(middle) : `${at(loShare)} … ${at(hiShare)}`
}

export function rankWhy({ n, below, upTo, loShare, hiShare, fidelity }: PeerRank): string {
  if (below === null || upTo === null || loShare === null || hiShare === null)
    return `no ${fidelity} value to compare with`
  const missing = loShare < below || hiShare > upTo
  return [
    `Of ${count(n)} ${fidelity} values ${percent(below)} are lower, ${percent(Math.max(0, upTo - below))} within the same 2.2 %.`,
    missing ? `Requests without a value counted: between ${percent(loShare)} and ${percent(hiShare)} are lower.` : '',
    n < leastPeers ? `Fewer than ${leastPeers} say no percentile.` : '',
  ]
    .filter(Boolean)
    .join(' ')
}
