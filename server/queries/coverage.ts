import type { ClickHouse, QueryOptions } from '../../storage/clickhouse.ts'
import { loadSql } from './load-sql.ts'
import { alignWindow, hexOf, unsignedOf, type Window } from './rollup-window.ts'

const coverageSql = loadSql(import.meta.url, 'coverage.sql')

/** What was seen of the requests of one proxy or hop, and what was not and why. */
export interface Coverage {
  /** 16 hex digits. */
  readonly id: string
  readonly requests: number
  /** Share of the requests in which each layer was seen, 0..1. Proxy: caller, upstream, callee; hop: caller, proxy, callee, wire. */
  readonly layers: Readonly<Record<string, number>>
  /** Flags of algorithms.md D9 in lower case, with how many requests carry each; most first. */
  readonly flags: readonly { readonly flag: string; readonly requests: number; readonly share: number }[]
}

const layersOf = { proxy: ['caller', 'upstream', 'callee'], hop: ['caller', 'proxy', 'callee', 'wire'] } as const
const hour = 3600

/** Coverage by id over a window; ids without requests are left out. @param ids 16 hex digits each; none: all. */
export async function readCoverage(
  clickhouse: ClickHouse,
  { window, kind, ids = [] }: { window: Window; kind: keyof typeof layersOf; ids?: readonly string[] },
  options: QueryOptions = {},
): Promise<Map<string, Coverage>> {
  const { fromMs, toMs } = alignWindow(window, 60_000)
  const [minute, minuteEnd] = [fromMs / 1000, toMs / 1000]
  const [first, last] = [Math.ceil(minute / hour) * hour, Math.floor(minuteEnd / hour) * hour]
  const [from, to] = first < last ? [first, last] : [minuteEnd, minuteEnd]
  const rows = await clickhouse.query<{ id: string; what: string; n: number }>(
    coverageSql,
    { kind, ids: ids.map(unsignedOf), minute, minuteEnd, hour: from, hourEnd: to },
    options,
  )
  const counts = new Map<string, Map<string, number>>()
  for (const { id, what, n } of rows) {
    const of = counts.get(id) ?? new Map<string, number>()
    counts.set(id, of.set(what, n))
  }
  return new Map([...counts].map(([id, of]) => [hexOf(id), coverageOf(hexOf(id), kind, of)]))
}

function coverageOf(id: string, kind: keyof typeof layersOf, counts: ReadonlyMap<string, number>): Coverage {
  const requests = counts.get('requests') ?? 0
  const share = (n: number) => (requests > 0 ? Math.min(1, n / requests) : 0)
  const prefix = 'flag:'
  return {
    id,
    requests,
    layers: Object.fromEntries(layersOf[kind].map((layer) => [layer, share(counts.get(`layer:${layer}`) ?? 0)])),
    flags: [...counts]
      .filter(([what]) => what.startsWith(prefix))
      .map(([what, n]) => ({ flag: what.slice(prefix.length), requests: n, share: share(n) }))
      .sort((a, b) => b.requests - a.requests || (a.flag < b.flag ? -1 : 1)),
  }
}
