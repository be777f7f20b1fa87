import type { ClickHouse } from '../../storage/clickhouse.ts'
import type { PeerRank } from '../api/contract-peers.ts'
import type { Fidelity } from '../api/contract.ts'
import { rankIn } from '../statistics/rank.ts'
import { populationIn, readLevels, unknownIn } from './distributions.ts'
import type { QueryOf } from './query-of.ts'
import { windowRead, type Window } from './rollup-window.ts'

export interface RankAsked {
  readonly kind: 'proxy' | 'hop'
  readonly id: string
  readonly metric: string
  readonly window: Window
  readonly fidelity: Fidelity
  readonly ns: number
}

/** Where a value stands among those of the same hop or proxy at the same level; requests without a value are the missing ones. */
export async function readRank(
  clickhouse: ClickHouse,
  { kind, id, metric, window, fidelity, ns }: RankAsked,
  options: QueryOf,
): Promise<PeerRank> {
  const rows = await readLevels(
    clickhouse,
    { window, rows: { kinds: [kind], metrics: [metric], ids: [id] }, histograms: 'all' },
    options,
  )
  const row = rows.find((level) => level.fidelity === fidelity)
  const unknown = unknownIn(rows)
  const asked = (row?.population.requests ?? 0) + unknown
  const missing = asked > 0 ? Math.max(0, 1 - (row?.population.n ?? 0) / asked) : 0
  const rank = row?.histogram ? rankIn(row.histogram, ns, missing) : null
  return {
    ...{ id, metric, fidelity, n: row?.n ?? 0 },
    ...(row ? populationIn(row) : {}),
    below: rank?.below ?? null,
    upTo: rank?.upTo ?? null,
    loShare: rank?.lo ?? null,
    hiShare: rank?.hi ?? null,
    ...windowRead(window),
  }
}
